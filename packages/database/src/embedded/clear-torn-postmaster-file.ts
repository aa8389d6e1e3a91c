/**
 * Handles a `postmaster.pid` truncated by a power cut or a full disk: PostgreSQL refuses to start on an empty one, and cannot tell from a cut one
 * whether processes of a dead server still use its shared memory. Checks whether any process uses the directory, and removes the file only if none
 * does.
 */
import { readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@roost/base";

export interface TornPostmasterFile {
  /** A PostgreSQL process that uses the directory; the server itself when it is alive. */
  pid: number | undefined;
  /** Why the file cannot be removed. */
  reason: string;
}

/** Lines of a complete file: the seventh names the shared memory. */
const lineCountMin = 7;

/** Undefined when nothing is in the way. The caller has found no live server by the file. */
export async function clearTornPostmasterFile(
  dataDirectory: string,
  { logger }: { logger: Logger },
): Promise<TornPostmasterFile | undefined> {
  const path = join(dataDirectory, "postmaster.pid");
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined || text.split("\n").length > lineCountMin) return undefined;
  if (process.platform !== "linux") {
    return {
      pid: undefined,
      reason: `${path} is incomplete: make sure that no PostgreSQL uses ${dataDirectory}, then delete it`,
    };
  }
  const pid = await findServerProcess(dataDirectory);
  if (pid !== undefined) return { pid, reason: `${path} is incomplete and process ${pid} still uses the directory` };
  await rm(path, { force: true });
  logger.warn("removed an incomplete postmaster.pid, since no server is running", { path });
  return undefined;
}

/** Every process of a server has the data directory as its working directory; the server itself is the one whose parent is none of them. */
async function findServerProcess(dataDirectory: string): Promise<number | undefined> {
  const directory = await realpath(dataDirectory);
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    const [state = "", parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (!stat.includes("(postgres)") || state === "Z" || state === "X") continue;
    // Another user's process that may not be inspected counts.
    const cwd = await readlink(`/proc/${name}/cwd`).catch((error: NodeJS.ErrnoException) =>
      error.code === "EACCES" ? directory : undefined,
    );
    if (cwd === directory) parents.set(Number(name), Number(parent));
  }
  return [...parents].find(([, parent]) => !parents.has(parent))?.[0];
}
