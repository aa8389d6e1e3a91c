/** How the `roost` command of a clone is called from any directory, and hints that name it so that they can be pasted. */
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, join, sep } from "node:path";

export interface RoostCommandOptions {
  /** The clone's script. */
  script: string;
  /** The variable PATH. */
  path: string | undefined;
  /** The user's own directory, written as ~. */
  userDirectory: string;
}

/** `roost` when the first one on the PATH is this clone's, else the path of its script, quoted for a shell. */
export function findRoostCommand({ script, path, userDirectory }: RoostCommandOptions): string {
  const found = findOnPath(path);
  if (found !== undefined && realPath(found) === realPath(script)) return "roost";
  const isBelow = script.startsWith(userDirectory + sep);
  return isBelow ? `~/${quote(script.slice(userDirectory.length + 1))}` : quote(script);
}

/** The path of the first `roost` on the PATH. */
export function findOnPath(path: string | undefined): string | undefined {
  const directories = (path ?? "").split(delimiter).filter((directory) => directory !== "");
  return directories.map((directory) => join(directory, "roost")).find(isExecutable);
}

/** Replaces the `roost` of commands in a text by how it is called here. */
export function nameCommands(text: string, command: string): string {
  return command === "roost" ? text : text.replaceAll(/(?<![\p{L}\p{N}_./~-])roost (?=[a-z-])/gu, () => `${command} `);
}

function quote(path: string): string {
  return /^[\w./@%+,:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
