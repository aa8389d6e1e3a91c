/** What the services process reads from its environment and arguments; nothing else in this app reads them. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { homeDirectory, logLevels, ownServicesDir, readConfig, RoostError, type LogLevel } from "@roost/base";
import { findServerUrl } from "@roost/database";
import { resolveDatabaseUrl } from "@roost/memory/home-database";
import { readJoinedHome } from "@roost/memory/joined-home";
import { z } from "zod";

const Environment = z.object({
  ROOST_HOME: z.string().optional(),
  ROOST_DATABASE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  ROOST_LOG_LEVEL: z.enum(logLevels).default("info"),
  /** On a joined host: the address under which gateways reach its services. */
  ROOST_HOST: z.string().optional(),
});

export interface ServicesConfig {
  homeDir: string;
  /** Folders whose folders are services. */
  parents: readonly string[];
  databaseUrl: string;
  logLevel: LogLevel;
  /** The home is elsewhere: this machine runs what it lets it run, with a login for each service. */
  joined?: JoinedServices | undefined;
}

export interface JoinedServices {
  /** Of the host. */
  host: string;
  homeId: string;
  /** By the name of a service: the URL of its login. */
  logins: ReadonlyMap<string, string>;
  /** Under which gateways reach them. */
  address: string | undefined;
}

/** @throws RoostError `invalid_input`, naming every invalid variable, or on a host without services; `unavailable` when no database is known */
export async function readServicesConfig(
  environment: Record<string, string | undefined> = process.env,
): Promise<ServicesConfig> {
  const given = readConfig(Environment, environment, { what: "the environment of the services" });
  const homeDir = homeDirectory(given.ROOST_HOME);
  const parents = [ownServicesDir, join(homeDir, "services")];
  const joined = await readJoinedServices(homeDir, environment);
  const [login] = joined?.logins.values() ?? [];
  const databaseUrl =
    login ??
    given.ROOST_DATABASE_URL ??
    given.DATABASE_URL ??
    (await findServerUrl(join(homeDir, ".roost", "postgres")));
  if (databaseUrl === undefined && joined !== undefined) throw runsNoService(joined);
  if (databaseUrl === undefined)
    throw new RoostError(
      "unavailable",
      `The database of the home ${homeDir} is not known: start Roost with npm start, or set DATABASE_URL`,
    );
  return { homeDir, parents, databaseUrl, logLevel: given.ROOST_LOG_LEVEL, joined };
}

/** Of a host that was invited for other work alone. */
export function runsNoService({ host }: JoinedServices): RoostError {
  return new RoostError(
    "invalid_input",
    `the home lets host ${host} run no service: invite it with roost hosts invite --service NAME, and join in another directory`,
  );
}

/** Undefined: the directory is that of the home. */
async function readJoinedServices(
  homeDir: string,
  env: Record<string, string | undefined>,
): Promise<JoinedServices | undefined> {
  const joined = await readJoinedHome(homeDir);
  if (joined?.runs === undefined) return undefined;
  const { homeId, services } = joined.runs;
  const logins = new Map<string, string>();
  for (const { name, database } of services) {
    const url = await resolveDatabaseUrl(database, { env, homeDir });
    if (url !== undefined) logins.set(name, url);
  }
  return { host: joined.name, homeId, logins, address: env["ROOST_HOST"] };
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
