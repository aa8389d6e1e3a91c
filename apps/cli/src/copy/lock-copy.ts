/** The lock of a copy, `.roost/copy/sync.pid`: a file that is linked into its place with its content, and taken away when its process is gone. */
import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isProcessAlive, readProcessIdentity, RoostError } from "@roost/base";

const attemptsMax = 20;

/** One process keeps a copy at a time. @throws RoostError `conflict` while another one does */
export async function lockCopy(homeDir: string): Promise<AsyncDisposable> {
  const path = join(homeDir, ".roost", "copy", "sync.pid");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const identity = readProcessIdentity(process.pid);
  if (identity === undefined) throw new RoostError("internal", "this process is not listed by the system");
  // With its content from the first moment on: a lock that is empty would look like one that was left.
  const own = `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;
  await writeFile(own, `${process.pid} ${identity}`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const isTaken = await link(own, path).then(
        () => true,
        (error: NodeJS.ErrnoException) => (error.code === "EEXIST" ? false : Promise.reject(error)),
      );
      if (isTaken) return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
      const pid = await readHolder(path);
      if (pid !== undefined) throw isKept(pid, path);
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
  if ((await readHolder(left)) !== undefined) await link(left, path).catch(() => undefined);
  await rm(left, { force: true });
}

/** The number of the process that has it; undefined when that one is gone, also where another has its number by now. */
async function readHolder(path: string): Promise<number | undefined> {
  const [pid, identity = ""] = (await readFile(path, "utf8").catch(() => "")).split(" ");
  return isProcessAlive(identity) ? Number(pid) : undefined;
}

function isKept(pid: number, path: string): RoostError {
  return new RoostError(
    "conflict",
    `process ${pid} keeps this copy already: end it first, or delete ${path} if it is another program`,
  );
}
