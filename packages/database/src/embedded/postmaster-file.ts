/**
 * Reads `postmaster.pid`, the lock file of a running server, and tells a live server from the remains of a dead one. Decides nothing. Format:
 * https://github.com/postgres/postgres/blob/master/src/include/utils/pidfile.h
 */
import { execFile } from "node:child_process";
import { readFile, readlink, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface PostmasterFile {
  pid: number;
  /** As given to the server; `/proc/self/fd/N` when it got a descriptor. */
  socketDirectory: string;
  /** `starting`, `stopping`, `ready` or `standby`; empty while the file is being written. */
  status: string;
}

export async function readPostmasterFile(dataDirectory: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(dataDirectory, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0
    ? { pid, socketDirectory: (lines[4] ?? "").trim(), status: (lines[7] ?? "").trim() }
    : undefined;
}

/**
 * `ours`: a live server of this directory. `perhaps`: a live PostgreSQL whose directory cannot be seen from here.
 * `dead`: no process, a zombie, or another program with a reused pid; PostgreSQL itself would take the last two for a running server and refuse to
 * start.
 */
export type PostmasterState = "ours" | "perhaps" | "dead";

export async function judgePostmaster(pid: number, dataDirectory: string): Promise<PostmasterState> {
  if (process.platform !== "linux") return (await isPostgresByPs(pid)) ? "perhaps" : "dead";
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in parentheses may itself hold spaces and parentheses.
  const state = stat.slice(stat.lastIndexOf(")") + 2).charAt(0);
  if (!stat.includes("(postgres)") || state === "Z" || state === "X") return "dead";
  try {
    const [cwd, directory] = await Promise.all([readlink(`/proc/${pid}/cwd`), realpath(dataDirectory)]);
    if (cwd === directory) return "ours";
    // A server first enters its data directory; this one has just been started.
    return cwd === "/" ? "perhaps" : "dead";
  } catch (error) {
    // Root in a container may not inspect other users' processes.
    return (error as NodeJS.ErrnoException).code === "EACCES" ? "perhaps" : "dead";
  }
}

async function isPostgresByPs(pid: number): Promise<boolean> {
  try {
    const { stdout } = await run("ps", ["-o", "stat=,comm=", "-p", String(pid)]);
    const [state = "", ...command] = stdout.trim().split(/\s+/);
    return !state.startsWith("Z") && basename(command.join(" ")) === "postgres";
  } catch {
    return false;
  }
}
