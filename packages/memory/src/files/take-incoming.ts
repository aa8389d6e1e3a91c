/**
 * Contents that are brought to the home in parts, in `.roost/incoming` under their hashes until they are whole: what is cut off goes on, for a day. They
 * are on the disk of the home, so that one step puts them in their places (large-files.ts).
 */
import { mkdir, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { refusalCodes, RoostError, systemClock, toRoostError } from "@roost/base";
import { requireRoom } from "@roost/objects";
import { toFileFault } from "../disk/file-fault.ts";
import type { Memory } from "../memory.ts";
import { requireDisk } from "../mirror/require-disk.ts";

/** Files that are being brought, at a time, and how long one may pause. */
const incomingMax = 16;
const pauseMsMax = 24 * 3_600_000;

export interface IncomingPart {
  /** Of the whole file. */
  sha256: string;
  bytes: number;
  from: number;
  content: Uint8Array;
}

/** `next`: where what is here ends. */
export interface MoreToCome {
  state: "more";
  next: number;
}

/** The folder of what is brought. */
export async function openIncoming(memory: Memory): Promise<string> {
  const folder = folderOf(memory);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function folderOf({ machineDir }: Memory): string {
  return join(machineDir, ".roost", "incoming");
}

interface TakenPart extends IncomingPart {
  /** What it is called in messages. */
  name: string;
  /** Asked before a part is written, with what is not here yet of the whole. @throws when that is not to come */
  admit?: ((leftBytes: number) => Promise<void>) | undefined;
}

/**
 * Takes a part; `take` gets the file that holds all of it after the last. Parts of one content come one after the other, whoever brings them; one that is
 * not the next changes nothing.
 * @throws RoostError `limit_exceeded`, `invalid_input` when what came has another hash; FileFault when the disk refuses
 */
export async function takeIncoming<Taken>(
  memory: Memory,
  part: TakenPart,
  take: (file: string) => Promise<Taken>,
): Promise<MoreToCome | Taken> {
  const file = join(await openIncoming(memory), part.sha256);
  return await inTurn(memory, file, () => takePart(memory, { ...part, file }, take));
}

/** Two hosts may bring the same, while an import puts it in its place. */
async function inTurn<Taken>(memory: Memory, file: string, work: () => Promise<Taken>): Promise<Taken> {
  const before = memory.partsTaken.get(file) ?? Promise.resolve();
  const taken = before.catch(() => undefined).then(work);
  memory.partsTaken.set(file, taken);
  try {
    return await taken;
  } finally {
    if (memory.partsTaken.get(file) === taken) memory.partsTaken.delete(file);
  }
}

async function takePart<Taken>(
  memory: Memory,
  { name, file, admit, ...part }: TakenPart & { file: string },
  take: (file: string) => Promise<Taken>,
): Promise<MoreToCome | Taken> {
  const { from, content, bytes, sha256 } = part;
  const size = await sizeOf(file);
  if (size === 0) await makeRoom(dirname(file));
  if (from > size || from + content.byteLength > bytes) return { state: "more", next: size };
  if (size < bytes) await admit?.(bytes - size);
  const next = await writePart(file, { name, content, from, size });
  if (next < bytes) return { state: "more", next };
  const whole = await memory.fileHashes.of(file);
  if (whole === undefined) return { state: "more", next: 0 };
  if (whole.sha256 === sha256) return await take(file);
  await rm(file, { force: true });
  throw new RoostError("invalid_input", `what came of ${name} has another hash than was said: send it again`);
}

/** Of what has come. */
async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return 0;
  if (found.nlink <= 1) return found.size;
  // Its process was killed while it put this in its place: a write would go there.
  await rm(file, { force: true });
  return 0;
}

/** In the folder of what is brought, after what nobody goes on with is removed. @throws RoostError `limit_exceeded` */
export async function makeRoom(folder: string): Promise<void> {
  if ((await removeAbandoned(folder)) >= incomingMax)
    throw new RoostError("limit_exceeded", `${incomingMax} large files are being brought (the limit): later again`);
}

/** Of what was brought, or staged: what nobody goes on with. */
export async function sweepIncoming(memory: Memory): Promise<void> {
  await removeAbandoned(folderOf(memory));
}

/** How many are left. */
async function removeAbandoned(folder: string): Promise<number> {
  let count = 0;
  // None: nothing was ever brought.
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    const stats = await stat(file).catch(() => undefined);
    if (stats === undefined) continue;
    const isAbandoned = systemClock.nowMs() - stats.mtimeMs > pauseMsMax;
    if (!isAbandoned || !(await isRemoved(file))) count += 1;
  }
  return count;
}

/** One that cannot be removed stands in the way of no other. */
async function isRemoved(file: string): Promise<boolean> {
  try {
    await rm(file, { force: true });
    return true;
  } catch {
    return false;
  }
}

/** Where what has come ends then. 0: another process has put it in the place of a file already. @throws FileFault when the disk refuses */
async function writePart(
  file: string,
  { name, content, from, size }: { name: string; content: Uint8Array; from: number; size: number },
): Promise<number> {
  try {
    await using handle = await open(file, size === 0 ? "w" : "r+", 0o600);
    const { bytesWritten } = await handle.write(content, 0, content.byteLength, from);
    await handle.sync();
    return Math.max(size, from + bytesWritten);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw toFileFault(error, name);
  }
}

/**
 * A part of a file that an import brings before its record, which takes it from here (takeBrought). Where the next one begins; as many as it has
 * bytes: all of it is here. `reserveBytes`: what of the disk stays free; default 1 GiB.
 * @throws RoostError as takeIncoming, and `limit_exceeded` when the disk has no room for what is left of it
 */
export async function takeImportRange(
  memory: Memory,
  { reserveBytes, ...part }: IncomingPart & { reserveBytes?: number | undefined },
): Promise<{ next: number }> {
  requireDisk(memory, "an import of files");
  const { sha256, bytes } = part;
  const folder = folderOf(memory);
  const admit = (leftBytes: number) => requireRoom(folder, { bytes: leftBytes, reserveBytes });
  const taken = await takeIncoming(memory, { ...part, name: sha256.slice(0, 12), admit }, async () => ({
    next: bytes,
  }));
  return { next: taken.next };
}

/** A file with this content, which the caller puts in its place, or removes. @throws RoostError `limit_exceeded` */
export async function stageIncoming(memory: Memory, bytes: Uint8Array): Promise<string> {
  const folder = await openIncoming(memory);
  // Also of what was left by a process that was killed.
  await makeRoom(folder);
  const file = join(folder, memory.kernel.createId());
  await writeFile(file, bytes, { mode: 0o600, flush: true });
  return file;
}

/**
 * Hands over the file that holds what an import brought. What is refused then is gone: no later import goes on with it.
 * @throws RoostError `conflict` when it is not here, or not all of it; what `take` throws
 */
export async function takeBrought(
  memory: Memory,
  brought: Pick<IncomingPart, "sha256" | "bytes">,
  take: (file: string) => Promise<void>,
): Promise<void> {
  const file = join(await openIncoming(memory), brought.sha256);
  await inTurn(memory, file, async () => {
    await requireWhole(memory, file, brought);
    try {
      await take(file);
    } catch (error) {
      if (refusalCodes.has(toRoostError(error).code)) await rm(file, { force: true });
      throw error;
    }
  });
}

async function requireWhole(
  memory: Memory,
  file: string,
  { sha256, bytes }: Pick<IncomingPart, "sha256" | "bytes">,
): Promise<void> {
  // One that has a second name was being put in its place by a process that was killed.
  const found = (await sizeOf(file)) === bytes ? await memory.fileHashes.of(file) : undefined;
  if (found?.sha256 !== sha256)
    throw new RoostError("conflict", "what it holds was not brought, or has gone since: import again");
}
