/** The lock of a copy, `.roost/copy/sync.pid`: a file that is linked into its place with its content, and taken away when its process is gone. */
import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { processExists, RoostError } from "@roost/base";

const attemptsMax = 20;

/** One process keeps a copy at a time. @throws RoostError `conflict` while another one does */
export async function lockCopy(homeDir: string): Promise<AsyncDisposable> {
  const path = join(homeDir, ".roost", "copy", "sync.pid");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // With its content from the first moment on: a lock that is empty would look like one that was left.
  const own = `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;
  await writeFile(own, `${process.pid} ${startedAt()}`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const isTaken = await link(own, path).then(
        () => true,
        (error: NodeJS.ErrnoException) => (error.code === "EEXIST" ? false : Promise.reject(error)),
      );
      if (isTaken) return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
      const pid = await readHolder(path);
      if (pid !== undefined && processExists(pid)) throw isKept(pid, path);
      await takeAway(path, `${own}.left`);
    }
    throw new RoostError("unavailable", `${path} is taken and left again and again: try again`);
  } finally {
    await rm(own, { force: true });
  }
}

/** Of a process that is gone. One that took it meanwhile gets it back. */
async function takeAway(path: string, left: string): Promise<void> {
  const isGone = await rename(path, left).then(
    () => false,
    () => true,
  );
  if (isGone) return;
  const pid = await readHolder(left);
  if (pid !== undefined && processExists(pid)) await link(left, path).catch(() => undefined);
  await rm(left, { force: true });
}

/** In a container the same number comes again and again: of one's own, the start tells whether it is this process. */
async function readHolder(path: string): Promise<number | undefined> {
  const [pid, started] = (await readFile(path, "utf8").catch(() => "")).split(" ").map(Number);
  if (pid === undefined || !(pid > 0)) return undefined;
  return pid === process.pid && started !== startedAt() ? undefined : pid;
}

function startedAt(): number {
  return Math.round(performance.timeOrigin);
}

function isKept(pid: number, path: string): RoostError {
  return new RoostError(
    "conflict",
    `process ${pid} keeps this copy already: end it first, or delete ${path} if it is another program`,
  );
}
