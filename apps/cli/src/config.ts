/** What the command reads from its environment; nothing else in this app reads it. */
import { homedir } from "node:os";
import { join } from "node:path";
import { findRoostCommand, homeDirectory, readConfig } from "@roost/base";
import { z } from "zod";
import { roostScript } from "./clone.ts";

/** Where the starter in scripts/bootstrap keeps it. */
const ownCompileCache = join("node_modules", ".roost", "compile-cache");

const Environment = z.object({
  ROOST_HOME: z.string().optional(),
  ROOST_URL: z.url().optional(),
  ROOST_TOKEN: z.string().optional(),
  EDITOR: z.string().optional(),
  VISUAL: z.string().optional(),
  NO_COLOR: z.string().optional(),
  FORCE_COLOR: z.string().optional(),
  COLUMNS: z.coerce.number().int().positive().optional(),
});

export interface CliConfig {
  homeDir: string;
  /** When given, the gateway is not looked up in the home. */
  url?: string | undefined;
  token?: string | undefined;
  editor: string;
  /** The user's choice; undefined: colour on a terminal only. */
  wantsColor?: boolean;
  columns?: number | undefined;
  /** Passed to commands that this one starts: without Roost's own token and Node's compile cache of the clone. */
  environment: Record<string, string | undefined>;
}

/** @throws RoostError `invalid_input`, naming every invalid variable */
export function readCliConfig(environment: Record<string, string | undefined> = process.env): CliConfig {
  const given = readConfig(Environment, environment, { what: "this command" });
  return {
    homeDir: homeDirectory(given.ROOST_HOME),
    url: given.ROOST_URL,
    token: given.ROOST_TOKEN,
    editor: given.VISUAL ?? given.EDITOR ?? "vi",
    ...(given.NO_COLOR !== undefined
      ? { wantsColor: false }
      : given.FORCE_COLOR !== undefined
        ? { wantsColor: given.FORCE_COLOR !== "0" }
        : {}),
    columns: given.COLUMNS,
    environment: withoutOwn(environment),
  };
}

/** How `roost` is called on this machine from any directory. */
export function readRoostCommand(environment: Record<string, string | undefined> = process.env): string {
  return findRoostCommand({ script: roostScript, path: environment["PATH"], userDirectory: homedir() });
}

function withoutOwn(environment: Record<string, string | undefined>): Record<string, string | undefined> {
  const { ROOST_TOKEN: _token, NODE_COMPILE_CACHE: cache, ...rest } = environment;
  return cache === undefined || cache.endsWith(ownCompileCache) ? rest : { ...rest, NODE_COMPILE_CACHE: cache };
}
