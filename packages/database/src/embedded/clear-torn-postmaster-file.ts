/**
 * Deals with a `postmaster.pid` that a power cut or a full disk has torn: PostgreSQL refuses to start on an empty one, and cannot see
 * from a cut one whether processes of a dead server still use its shared memory. So this looks itself whether any process works on the
 * directory, and takes the file away only when none does.
 */
import { readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@roost/base";

export interface TornPostmasterFile {
  /** A PostgreSQL process that works on the directory; the server itself when it is alive. */
  pid: number | undefined;
  /** What keeps the file from being taken away. */
  reason: string;
}

/** Lines of a file that tells all: the seventh names the shared memory. */
const lineCountMin = 7;

/** Undefined when nothing is in the way (any more). The caller has found no live server by the file. */
export async function clearTornPostmasterFile(
  dataDirectory: string,
  { logger }: { logger: Logger },
): Promise<TornPostmasterFile | undefined> {
  const path = join(dataDirectory, "postmaster.pid");
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined || text.split("\n").length > lineCountMin) return undefined;
  if (process.platform !== "linux") {
    return { pid: undefined, reason: `${path} is torn: make sure that no PostgreSQL uses ${dataDirectory}, delete it` };
  }
  const pid = await findServerProcess(dataDirectory);
  if (pid !== undefined) return { pid, reason: `${path} is torn and process ${pid} still works on the directory` };
  await rm(path, { force: true });
  logger.warn("postmaster.pid was torn and no server runs: removed it", { path });
  return undefined;
}

/** Every process of a server has the data directory as its own; the server itself is the one whose parent is none of them. */
async function findServerProcess(dataDirectory: string): Promise<number | undefined> {
  const directory = await realpath(dataDirectory);
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    const [state = "", parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (!stat.includes("(postgres)") || state === "Z" || state === "X") continue;
    // Of another user's process that may not be looked into nothing is known: it counts.
    const cwd = await readlink(`/proc/${name}/cwd`).catch((error: NodeJS.ErrnoException) =>
      error.code === "EACCES" ? directory : undefined,
    );
    if (cwd === directory) parents.set(Number(name), Number(parent));
  }
  return [...parents].find(([, parent]) => !parents.has(parent))?.[0];
}
