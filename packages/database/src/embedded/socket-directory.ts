/**
 * Chooses the directory of the server's unix socket: beside its data, or a private temporary one where that is impossible (path too long, file
 * system without sockets). The choice is recorded for processes that adopt the server.
 */
import { createHash, randomUUID } from "node:crypto";
import { chown, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePrivateDirectory, RoostError, type Logger } from "@roost/base";
import { serverPort } from "./server-url.ts";
import type { ServerUser } from "./server-user.ts";

/** sun_path holds 108 bytes on Linux and 104 on macOS, the last one a zero. */
const socketPathBytesMax = process.platform === "linux" ? 107 : 103;
const recordName = "socket-directory";

/** The running server's socket directory, as recorded by the process that started it. */
export async function readSocketDirectory(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, recordName), "utf8").catch(() => "");
  return text.trim() || undefined;
}

export async function prepareSocketDirectory(directory: string, user: ServerUser | undefined): Promise<string> {
  for (const candidate of candidatesFor(directory)) {
    if (!(await makePrivate(candidate, user))) continue;
    if (!(await takesSockets(candidate))) continue;
    const record = join(directory, recordName);
    const partial = `${record}.${randomUUID().slice(0, 8)}`;
    await writeFile(partial, `${candidate}\n`, { mode: 0o600 });
    await rename(partial, record);
    return candidate;
  }
  throw new RoostError(
    "unavailable",
    `no directory takes the database's unix socket (tried ${candidatesFor(directory).join(", ")}): use a shorter ROOST_HOME or TMPDIR`,
  );
}

/**
 * Removes the lock file of a socket if a server died before it had written its process into it: PostgreSQL refuses to start on an empty one, and no other
 * program makes files there. The caller has found no live server by its `postmaster.pid`, which comes first.
 */
export async function clearTornSocketLock(socketDirectory: string, { logger }: { logger: Logger }): Promise<void> {
  const path = join(socketDirectory, `.s.PGSQL.${serverPort}.lock`);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined || /^\d+\n/.test(text)) return;
  await rm(path, { force: true });
  logger.warn("removed an incomplete lock file of the database's socket, since no server is running", { path });
}

function candidatesFor(directory: string): string[] {
  const hash = createHash("sha256").update(directory).digest("hex").slice(0, 16);
  const owner = process.getuid?.() ?? 0;
  const candidates = [
    join(directory, "socket"),
    join(tmpdir(), `roost-${owner}-${hash}`),
    `/tmp/roost-${owner}-${hash}`,
  ];
  return candidates.filter(
    (candidate) => Buffer.byteLength(`${candidate}/.s.PGSQL.${serverPort}`) <= socketPathBytesMax,
  );
}

/** False when the directory belongs to another user. Its mode keeps others out: the socket has none. */
async function makePrivate(candidate: string, user: ServerUser | undefined): Promise<boolean> {
  if (!(await makePrivateDirectory(candidate, [process.getuid?.(), user?.uid]))) return false;
  if (user !== undefined) await chown(candidate, user.uid, user.gid);
  return true;
}

async function takesSockets(candidate: string): Promise<boolean> {
  const path = join(candidate, `.try-${randomUUID().slice(0, 8)}`);
  if (Buffer.byteLength(path) > socketPathBytesMax) return true;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(path, { force: true });
  }
}
