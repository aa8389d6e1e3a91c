/** What a worker process takes from its environment; nothing else in this package reads it. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { logLevels, readConfig } from "@roost/base";
import { QueueName } from "@roost/contract/operations";
import { z } from "zod";

const queuesMax = 32;

const Environment = z.object({
  ROOST_HOME: z.string().optional(),
  ROOST_DATABASE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  ROOST_LOG_LEVEL: z.enum(logLevels).default("info"),
  ROOST_CONCURRENCY: z.coerce.number().int().min(1).max(256).default(8),
  /** The queues whose runs it takes, the first before the others. */
  ROOST_QUEUES: z
    .string()
    .default("default")
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(QueueName).min(1).max(queuesMax)),
  /** Without a sign of life for this long the process counts as hung and its runs go on elsewhere. */
  ROOST_LEASE_MS: z.coerce.number().int().min(1_000).max(600_000).optional(),
  /** How long runs may go on after a request to stop. */
  ROOST_GRACE_MS: z.coerce.number().int().min(0).max(600_000).optional(),
  /** Names one start of the home, for what its processes decide together. Set by the supervisor. */
  ROOST_START: z.string().optional(),
  ROOST_MODEL_URL: z.string().optional(),
  ROOST_MODEL_KEY: z.string().optional(),
  ROOST_MODEL: z.string().optional(),
  OPENROUTER_API_KEY: z.string().optional(),
  OPENAI_API_KEY: z.string().optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().optional(),
});

export type WorkerConfig = z.infer<typeof Environment> & {
  homeDir: string;
  databaseUrl: string | undefined;
  /** The whole environment, for settings that refer to a variable by name. */
  environment: Record<string, string | undefined>;
};

/** @throws RoostError `invalid_input` naming every variable that is wrong */
export function readWorkerConfig(environment: Record<string, string | undefined> = process.env): WorkerConfig {
  const given = readConfig(Environment, environment, { what: "the environment of the worker" });
  return {
    ...given,
    homeDir: resolve(given.ROOST_HOME ?? join(homedir(), ".roost")),
    databaseUrl: given.ROOST_DATABASE_URL ?? given.DATABASE_URL,
    environment,
  };
}
