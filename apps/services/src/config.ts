/** What the services process reads from its environment and arguments; nothing else in this app reads them. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { homeDirectory, logLevels, ownServicesDir, readConfig, RoostError, type LogLevel } from "@roost/base";
import { findServerUrl } from "@roost/database";
import { z } from "zod";

const Environment = z.object({
  ROOST_HOME: z.string().optional(),
  ROOST_DATABASE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  ROOST_LOG_LEVEL: z.enum(logLevels).default("info"),
});

export interface ServicesConfig {
  homeDir: string;
  /** Folders whose folders are services. */
  parents: readonly string[];
  databaseUrl: string;
  logLevel: LogLevel;
}

/** @throws RoostError `invalid_input`, naming every invalid variable; `unavailable` when no database is known */
export async function readServicesConfig(
  environment: Record<string, string | undefined> = process.env,
): Promise<ServicesConfig> {
  const given = readConfig(Environment, environment, { what: "the environment of the services" });
  const homeDir = homeDirectory(given.ROOST_HOME);
  const databaseUrl =
    given.ROOST_DATABASE_URL ?? given.DATABASE_URL ?? (await findServerUrl(join(homeDir, ".roost", "postgres")));
  if (databaseUrl === undefined)
    throw new RoostError(
      "unavailable",
      `The database of the home ${homeDir} is not known: start Roost with npm start, or set DATABASE_URL`,
    );
  return {
    homeDir,
    parents: [ownServicesDir, join(homeDir, "services")],
    databaseUrl,
    logLevel: given.ROOST_LOG_LEVEL,
  };
}

export type ServicesCommand =
  | { command: "all" }
  | { command: "migrate"; names: string[]; acceptsBreaks: boolean }
  | {
      command: "run";
      name: string;
      port?: number | undefined;
      address?: string | undefined;
      secret?: string | undefined;
    };

/** @throws RoostError `invalid_input` */
export function readServicesCommand(args: readonly string[]): ServicesCommand {
  const { values, positionals } = parse(args);
  const [command = "all", ...names] = positionals;
  const [name] = names;
  if (command === "all") return { command };
  if (command === "migrate") return { command, names, acceptsBreaks: values["accept-breaks"] === true };
  if (command !== "run" || name === undefined || names.length > 1)
    throw new RoostError("invalid_input", `"${positionals.join(" ")}": give run NAME or migrate [NAME …]`);
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw new RoostError("invalid_input", `--port ${values.port}: give a number from 0 to 65535`);
  return {
    command,
    name,
    port,
    address: values.listen,
    secret: values.secret,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: "string" },
        listen: { type: "string" },
        secret: { type: "string" },
        "accept-breaks": { type: "boolean" },
      },
    });
  } catch (cause) {
    throw new RoostError("invalid_input", (cause as Error).message, { cause });
  }
}
