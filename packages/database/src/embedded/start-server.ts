/**
 * Gets a server running on a complete data directory: adopts a running one, else starts one, and retries when remains of a dead one are in the way.
 * Owns waiting and stopping; creates no data.
 */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { delay, formatDurationMs, type Logger, RoostError } from "@roost/base";
import { diskFull } from "./disk-full.ts";
import type { Binaries } from "./find-binaries.ts";
import { clearTornPostmasterFile } from "./clear-torn-postmaster-file.ts";
import { judgePostmaster, readPostmasterFile, type PostmasterFile } from "./postmaster-file.ts";
import { startServerProgram } from "./run-server-program.ts";
import { openServerLog, readServerLogTail, rotateServerLog } from "./server-log.ts";
import { serverArguments } from "./server-settings.ts";
import type { ServerUser } from "./server-user.ts";
import { clearTornSocketLock, prepareSocketDirectory, readSocketDirectory } from "./socket-directory.ts";

const startAttemptsMax = 60;
const retryDelayMs = 50;
const pollMs = 10;
/** Recovery after a crash replays at most max_wal_size, but disks differ. */
const readyMsMax = 300_000;
const slowStartMs = 1_500;
const stopMsMax = 60_000;
const killMsMax = 10_000;

export interface StartServerOptions {
  directory: string;
  dataDirectory: string;
  binaries: Binaries;
  user: ServerUser | undefined;
  durable: boolean;
  logger: Logger;
  onRecovery: () => void;
}

export interface RunningServer {
  pid: number;
  /** Set when this process started it. */
  child: ChildProcess | undefined;
  socketDirectory: string;
}

export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  let lastReason = "";
  for (let attempt = 1; attempt <= startAttemptsMax; attempt += 1) {
    const file = await readPostmasterFile(options.dataDirectory);
    const state = file === undefined ? "dead" : await judgePostmaster(file.pid, options.dataDirectory);
    if (file !== undefined && state !== "dead") {
      const adopted = await waitForExisting(file, options);
      if (adopted !== undefined) return adopted;
    } else {
      const torn = await clearTornPostmasterFile(options.dataDirectory, options);
      const started = torn?.reason ?? (await startNew(file, options));
      if (typeof started !== "string") return started;
      lastReason = started;
      // Without the file no process can adopt it, and it ends itself within a minute.
      const isOurs = torn?.pid !== undefined && (await judgePostmaster(torn.pid, options.dataDirectory)) === "ours";
      if (isOurs) await stopServer({ pid: torn.pid!, child: undefined }, options.dataDirectory);
    }
    await delay(retryDelayMs);
  }
  throw new RoostError("unavailable", `PostgreSQL did not start in ${startAttemptsMax} attempts: ${lastReason}`);
}

async function waitForExisting(file: PostmasterFile, options: StartServerOptions): Promise<RunningServer | undefined> {
  const isAlive = async () => (await judgePostmaster(file.pid, options.dataDirectory)) !== "dead";
  if (!(await waitUntilReady(file.pid, isAlive, options))) return undefined;
  const told = (await readPostmasterFile(options.dataDirectory))?.socketDirectory ?? "";
  const socketDirectory =
    told.startsWith("/") && !told.startsWith("/proc/") ? told : await readSocketDirectory(options.directory);
  return socketDirectory === undefined ? undefined : { pid: file.pid, child: undefined, socketDirectory };
}

/** The running server, or why it did not start when a retry may help. */
async function startNew(
  stale: PostmasterFile | undefined,
  options: StartServerOptions,
): Promise<RunningServer | string> {
  const { directory, dataDirectory, binaries, user, durable } = options;
  const socketDirectory = await prepareSocketDirectory(directory, user);
  await clearTornSocketLock(socketDirectory, options);
  await rotateServerLog(directory);
  const log = await openServerLog(directory);
  const logOffset = (await log.stat()).size;
  let child: ChildProcess;
  try {
    child = await startServerProgram({
      path: join(binaries.directory, "bin", "postgres"),
      arguments: ([data = "", socket = ""]) =>
        serverArguments({ dataDirectory: data, socketDirectory: socket, durable }),
      directories: [dataDirectory, socketDirectory],
      user,
      // PostgreSQL takes a lock file naming this process for abandoned. It still refuses to start while a process of the dead server holds its
      // shared memory.
      environment: stale === undefined ? {} : { PG_GRANDPARENT_PID: String(stale.pid) },
      output: log,
      // Ctrl-C in a terminal goes to the whole process group; the server must outlive its writers.
      detached: true,
    });
  } finally {
    await log.close();
  }
  const pid = child.pid as number;
  const isAlive = async () => !hasExited(child);
  if (await waitUntilReady(pid, isAlive, options)) {
    child.unref();
    return { pid, child, socketDirectory };
  }
  const reason = await readServerLogTail(directory, logOffset);
  if (/lock file ".*" already exists|pre-existing shared memory block|is another postmaster/i.test(reason))
    return reason;
  throw startFailed(reason, options);
}

/** False when the server ended first. */
async function waitUntilReady(
  pid: number,
  isAlive: () => Promise<boolean>,
  options: StartServerOptions,
): Promise<boolean> {
  let told = false;
  for (let waitedMs = 0; waitedMs <= readyMsMax; waitedMs += pollMs) {
    const file = await readPostmasterFile(options.dataDirectory);
    if (file?.pid === pid && file.status === "ready") return true;
    if (!(await isAlive())) return false;
    if (!told && waitedMs >= slowStartMs) {
      told = true;
      options.onRecovery();
    }
    await delay(pollMs);
  }
  throw new RoostError(
    "timeout",
    `PostgreSQL (process ${pid}) was not ready after ${formatDurationMs(readyMsMax)}: see ${join(options.directory, "postgres.log")}`,
  );
}

function startFailed(reason: string, options: StartServerOptions): RoostError {
  const full = diskFull(reason);
  if (full !== undefined) return full;
  if (/could not (resize|map|create) .*shared memory|no usable system/i.test(reason)) {
    return new RoostError("unavailable", `there is too little shared memory for PostgreSQL: ${reason}`);
  }
  return new RoostError(
    "unavailable",
    `PostgreSQL did not start on ${options.dataDirectory}: ${reason || "it gave no reason"}; nothing was changed: see ${join(options.directory, "postgres.log")}; if it names a damaged file, restore that from a backup`,
  );
}

/** Stops the server: connections are cut, data is written. Resolves when the process has ended. */
export async function stopServer(
  server: { pid: number; child: ChildProcess | undefined },
  dataDirectory: string,
): Promise<void> {
  const { pid, child } = server;
  const isGone = async () =>
    child === undefined ? (await judgePostmaster(pid, dataDirectory)) === "dead" : hasExited(child);
  // The second is safe too: the next start recovers from the write-ahead log.
  for (const [signal, msMax] of [
    ["SIGINT", stopMsMax],
    ["SIGQUIT", killMsMax],
    ["SIGKILL", killMsMax],
  ] as const) {
    if (await isGone()) return;
    sendSignal(pid, signal);
    for (let waitedMs = 0; waitedMs < msMax; waitedMs += pollMs) {
      if (await isGone()) return;
      await delay(pollMs);
    }
  }
  throw new RoostError("timeout", `PostgreSQL (process ${pid}) could not be ended`);
}

export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
