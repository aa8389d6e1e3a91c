/** The environment variables of every process of a home; each process adds its own and reads them together. */
import { homeDirectory, logLevels, readConfig, type Supervised } from "@roost/base";
import { readBucket, type Bucket } from "@roost/objects";
import { z } from "zod";

const homeEnvironment = {
  ROOST_HOME: z.string().optional(),
  ROOST_DATABASE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  ROOST_LOG_LEVEL: z.enum(logLevels).default("info"),
  /** Identifies one start of the home, for decisions shared by its processes. Set by the supervisor. */
  ROOST_START: z.string().optional(),
  ROOST_MODEL_URL: z.string().optional(),
  ROOST_MODEL_KEY: z.string().optional(),
  ROOST_MODEL: z.string().optional(),
  OPENROUTER_API_KEY: z.string().optional(),
  OPENAI_API_KEY: z.string().optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().optional(),
  OBJECTS_URL: z.string().optional(),
  OBJECTS_FROM_URL: z.string().optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_REGION: z.string().optional(),
};

export type HomeConfig<Own extends z.ZodRawShape> = z.infer<z.ZodObject<typeof homeEnvironment & Own>> & {
  homeDir: string;
  databaseUrl: string | undefined;
  /** Of OBJECTS_URL: undefined when objects are kept in the home. */
  bucket: Bucket | undefined;
  /** Of OBJECTS_FROM_URL: the bucket that is left with this start. */
  bucketBefore: Bucket | undefined;
  /** The whole environment, for settings that refer to a variable by name. */
  environment: Record<string, string | undefined>;
};

/**
 * A process that its supervisor started before the database was up has loaded meanwhile, and asks for it. Undefined: it is to stop first.
 */
export async function askForDatabase<Config extends HomeConfig<{}>>(
  config: Config,
  supervised: Pick<Supervised, "askForDatabase">,
): Promise<Config | undefined> {
  const { ROOST_START, ROOST_DATABASE_URL, environment } = config;
  if (ROOST_START === undefined || ROOST_DATABASE_URL !== undefined) return config;
  const url = await supervised.askForDatabase();
  const told = { ROOST_DATABASE_URL: url };
  return url === undefined
    ? undefined
    : { ...config, ...told, databaseUrl: url, environment: { ...environment, ...told } };
}

/**
 * Reads the common variables and those given.
 * @throws RoostError `invalid_input`, naming every invalid variable
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
    homeDir: homeDirectory(ROOST_HOME),
    databaseUrl: ROOST_DATABASE_URL ?? DATABASE_URL,
    bucket: readBucket(environment),
    bucketBefore: readBucket(environment, "OBJECTS_FROM_URL"),
    environment,
  };
}
