/**
 * The only place in this app that reads the environment. Its few variables are checked by hand: a schema library would outweigh the rest of this
 * long-running process.
 */
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import { findRoostCommand, homeDirectory, logLevels, RoostError, type LogLevel } from "@roost/base";
import { detachedVariable } from "./start-detached.ts";

export interface SupervisorConfig {
  homeDirectory: string;
  /** Undefined: the bundled PostgreSQL. */
  databaseUrl: string | undefined;
  /** Of the gateway, when ROOST_PORT asks for one. */
  address?: { host: string; port: number } | undefined;
  workerCount: number;
  logLevel: LogLevel;
  isColorWanted: boolean;
  /** Width of the terminal where it does not tell its own. */
  columns: number | undefined;
  /** Started by start-detached.ts. */
  isDetached: boolean;
  /** The children's environment, to which Roost's variables are added. */
  environment: NodeJS.ProcessEnv;
}

const columnsMin = 40;
const workerCountDefault = 2;
const workerCountMax = 64;

/** @throws invalid_input, naming every invalid variable */
export function readSupervisorConfig(environment: NodeJS.ProcessEnv = process.env): SupervisorConfig {
  const read = (name: string) => {
    const value = environment[name]?.trim();
    return value === undefined || value === "" ? undefined : value;
  };
  const complaints: string[] = [];
  const workerCount = Number(read("ROOST_WORKERS") ?? workerCountDefault);
  if (!Number.isInteger(workerCount) || workerCount < 1 || workerCount > workerCountMax) {
    complaints.push(`ROOST_WORKERS is "${read("ROOST_WORKERS")}": give a whole number from 1 to ${workerCountMax}`);
  }
  // What is wrong with it the gateway says.
  const port = Number(read("ROOST_PORT") ?? 0);
  const logLevel = read("ROOST_LOG_LEVEL") ?? "info";
  if (!isLogLevel(logLevel)) complaints.push(`ROOST_LOG_LEVEL is "${logLevel}": give one of ${logLevels.join(", ")}`);
  const databaseUrl = read("DATABASE_URL");
  if (databaseUrl !== undefined && !/^postgres(?:ql)?:\/\//.test(databaseUrl)) {
    complaints.push("DATABASE_URL does not start with postgresql://");
  }
  if (complaints.length > 0) throw new RoostError("invalid_input", complaints.join("; "));
  return {
    homeDirectory: homeDirectory(read("ROOST_HOME")),
    databaseUrl,
    address: Number.isInteger(port) && port > 0 ? { host: read("ROOST_HOST") ?? "127.0.0.1", port } : undefined,
    workerCount,
    logLevel: isLogLevel(logLevel) ? logLevel : "info",
    isColorWanted: read("NO_COLOR") === undefined && read("TERM") !== "dumb",
    columns: Math.max(columnsMin, Number(read("COLUMNS"))) || undefined,
    isDetached: read(detachedVariable) !== undefined,
    environment,
  };
}

function isLogLevel(text: string): text is LogLevel {
  return (logLevels as readonly string[]).includes(text);
}

/** How `roost` is called on this machine from any directory. */
export function readRoostCommand(environment: NodeJS.ProcessEnv = process.env): string {
  const script = fileURLToPath(new URL("../../../roost", import.meta.url));
  return findRoostCommand({ script, path: environment["PATH"], userDirectory: homedir() });
}
