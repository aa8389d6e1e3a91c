/** Files and directories that a person named: errors are in their words, not in the system's. */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { RoostError } from "@roost/base";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  ENOTDIR: "a part of this path is a file",
  EISDIR: "it is a directory",
  EACCES: "you may not read it",
  EPERM: "you may not read it",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "its name is too long",
};

/** The error for a path that could not be read. */
export function unreadable(path: string, cause: NodeJS.ErrnoException): RoostError {
  return new RoostError("not_found", `${path} cannot be read: ${reasons[cause.code ?? ""] ?? cause.message}`, {
    cause,
  });
}

/** @throws RoostError `not_found` */
export async function statNamed(path: string): Promise<Stats> {
  return stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause);
  });
}
