/** The variables that every process of a home takes from its environment; each adds its own and reads them all at once. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { logLevels, readConfig } from "@roost/base";
import { z } from "zod";

const homeEnvironment = {
  ROOST_HOME: z.string().optional(),
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
};

export type HomeConfig<Own extends z.ZodRawShape> = z.infer<z.ZodObject<typeof homeEnvironment & Own>> & {
  homeDir: string;
  databaseUrl: string | undefined;
  /** The whole environment, for settings that refer to a variable by name. */
  environment: Record<string, string | undefined>;
};

/**
 * The variables of every process, with those that this one has besides.
 * @throws RoostError `invalid_input` naming every variable that is wrong
 */
export function readHomeConfig<Own extends z.ZodRawShape>(
  own: Own,
  environment: Record<string, string | undefined>,
  { process }: { process: string },
): HomeConfig<Own> {
  const schema = z.object({ ...homeEnvironment, ...own }) as unknown as z.ZodObject<typeof homeEnvironment & Own>;
  const given = readConfig(schema, environment, { what: `the environment of the ${process}` });
  const { ROOST_HOME, ROOST_DATABASE_URL, DATABASE_URL } = given as z.infer<z.ZodObject<typeof homeEnvironment>>;
  return {
    ...given,
    homeDir: resolve(ROOST_HOME ?? join(homedir(), ".roost")),
    databaseUrl: ROOST_DATABASE_URL ?? DATABASE_URL,
    environment,
  };
}
