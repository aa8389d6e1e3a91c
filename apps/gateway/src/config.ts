/** What the gateway takes from its environment; nothing else in this app reads it. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { logLevels, readConfig } from "@roost/base";
import { z } from "zod";

const Environment = z.object({
  ROOST_HOME: z.string().optional(),
  ROOST_HOST: z.string().default("127.0.0.1"),
  ROOST_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  ROOST_DATABASE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  ROOST_LOG_LEVEL: z.enum(logLevels).default("info"),
  /** Names one start of the home, for what its processes decide together. Set by the supervisor. */
  ROOST_START: z.string().optional(),
  ROOST_MODEL_URL: z.string().optional(),
  ROOST_MODEL_KEY: z.string().optional(),
  ROOST_MODEL: z.string().optional(),
  OPENROUTER_API_KEY: z.string().optional(),
  OPENAI_API_KEY: z.string().optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().optional(),
});

export const portDefault = 7717;

export type GatewayConfig = z.infer<typeof Environment> & {
  homeDir: string;
  databaseUrl: string | undefined;
  /** The whole environment, for settings that refer to a variable by name. */
  environment: Record<string, string | undefined>;
};

/** @throws RoostError `invalid_input` naming every variable that is wrong */
export function readGatewayConfig(environment: Record<string, string | undefined> = process.env): GatewayConfig {
  const given = readConfig(Environment, environment, { what: "the environment of the gateway" });
  return {
    ...given,
    homeDir: resolve(given.ROOST_HOME ?? join(homedir(), ".roost")),
    databaseUrl: given.ROOST_DATABASE_URL ?? given.DATABASE_URL,
    environment,
  };
}
