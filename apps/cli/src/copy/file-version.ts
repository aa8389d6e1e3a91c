/**
 * Contents between a copy and the home: those with versions whole, larger ones in ranges that go on where they were cut off. What is taken in ranges
 * stands in `.roost/copy/parts` by its hash until it is whole.
 */
import { constants, copyFile, mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { fileBytesMax, fileTextCharsMax, largeFileBytesMax, type HomeFileRecord } from "@roost/contract/operations";
import type { RoostClient } from "../connect.ts";
import { answerMsMax, bringRanges, rangesOf, sha256OfFile } from "../bring-ranges.ts";
import { sha256Of, type AgreedFile, type CopyState } from "./copy-state.ts";

/** What one side has. Without its content, which is in a file or at the home, where it is too large for versions. */
export interface FileVersion {
  sha256: string;
  bytes: number;
  content?: Buffer | undefined;
}

export function isText(content: Buffer): boolean {
  return !content.includes(0) && Buffer.compare(Buffer.from(content.toString()), content) === 0;
}

export interface Write {
  path: string;
  version: FileVersion;
  /** That holds it, where it has no content. */
  file: string;
  /** What it replaces; undefined: nothing. */
  expected: Omit<FileVersion, "content"> | undefined;
}

interface Written {
  state: "written" | "conflict";
  sha256: string | null;
}

/** @throws RoostError `limit_exceeded` for what the home does not take */
export async function writeThere(client: RoostClient, write: Write): Promise<Written> {
  const { path, version } = write;
  const { content } = version;
  const expected = write.expected?.sha256;
  if (content === undefined || !isSmall(write.expected?.bytes ?? 0)) return await bring(client, write);
  const text = content.toString();
  const slowly = { timeoutMs: answerMsMax };
  if (isText(content) && text.length <= fileTextCharsMax)
    return await client.writeFile({ path, text, sha256: expected }, slowly);
  const whole = { mediaType: "application/octet-stream", bytes: Uint8Array.from(content) };
  return await client.putFile({ path, sha256: expected, content: whole }, slowly);
}

async function bring(client: RoostClient, { path, version, file, expected }: Write): Promise<Written> {
  const { sha256, bytes } = version;
  return await bringRanges<Written>(file, {
    name: path,
    bytes,
    advice: "the next pass looks again",
    async put(range, options) {
      const answer = await client.putFileRange({ ...range, path, sha256, bytes, replaces: expected?.sha256 }, options);
      if (answer.state === "more") return { next: answer.next };
      return { done: { state: answer.state, sha256: answer.sha256 } };
    },
  });
}

/** What stands here. Undefined: deleted since the walk. */
export async function lookHere(
  state: CopyState,
  { homeDir, path }: { homeDir: string; path: string },
): Promise<FileVersion | undefined> {
  const absolute = join(homeDir, path);
  try {
    const { size } = await stat(absolute);
    if (!isSmall(size)) return { sha256: await state.hashOf(path), bytes: size };
    return toVersion(await readFile(absolute));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** What the home has. `known`: what both had, where it has that still. Undefined: it has gone since it was listed. */
export async function readTheirs(
  client: RoostClient,
  state: CopyState,
  { listed, known }: { listed: HomeFileRecord; known: AgreedFile | undefined },
): Promise<FileVersion | undefined> {
  const { path } = listed;
  if (!isSmall(listed.bytes)) {
    if (known !== undefined) return { sha256: known.sha256, bytes: known.bytes };
    const found = await unlessGone(client.hashFile({ path }, { timeoutMs: answerMsMax }));
    return found && { sha256: found.sha256, bytes: found.bytes };
  }
  const base = known && (await state.base(path));
  if (base !== undefined) return toVersion(base);
  const file = await unlessGone(client.getFile({ path }));
  return file && toVersion(Buffer.from(file.bytes));
}

export function toVersion(content: Buffer): FileVersion & { content: Buffer } {
  return { sha256: sha256Of(content), bytes: content.length, content };
}

/** Undefined: the home has no such file any more. */
async function unlessGone<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  return await asked.catch((error: unknown) => {
    if (error instanceof RoostError && error.code === "not_found") return undefined;
    throw error;
  });
}

/** The file of the copy's machinery that holds it whole. @throws RoostError `conflict` when it has changed meanwhile */
export async function fetchRanges(
  client: RoostClient,
  homeDir: string,
  { path, version: { sha256, bytes } }: { path: string; version: FileVersion },
): Promise<string> {
  const file = join(partsDirectory(homeDir), sha256);
  await mkdir(partsDirectory(homeDir), { recursive: true, mode: 0o700 });
  {
    await using handle = await open(file, "a", 0o600);
    const { size: from } = await handle.stat();
    // All of it, or it throws: a write by itself may take less, as on a disk that is full.
    for await (const range of rangesOf(client, { path, sha256, bytes, from })) await handle.appendFile(range);
    await handle.sync();
  }
  if ((await stat(file)).size === bytes && (await sha256OfFile(file)) === sha256) return file;
  await rm(file, { force: true });
  throw new RoostError("conflict", `${path} was damaged on its way: the next pass fetches it again`);
}

/** The same content in a file of its own, for a second name. */
export async function copyAside(homeDir: string, absolute: string): Promise<string> {
  await mkdir(partsDirectory(homeDir), { recursive: true, mode: 0o700 });
  const file = join(partsDirectory(homeDir), "beside");
  await copyFile(absolute, file, constants.COPYFILE_FICLONE);
  return file;
}

/** After a pass that was not cut off: nobody goes on with them. */
export async function dropParts(homeDir: string): Promise<void> {
  for (const name of await readdir(partsDirectory(homeDir)).catch(() => []))
    await rm(join(partsDirectory(homeDir), name), { force: true });
}

function partsDirectory(homeDir: string): string {
  return join(homeDir, ".roost", "copy", "parts");
}

/** Whether it has versions, and is merged. @throws RoostError `limit_exceeded` for what is no part of a copy */
function isSmall(bytes: number): boolean {
  if (bytes <= largeFileBytesMax) return bytes <= fileBytesMax;
  throw new RoostError("limit_exceeded", `it has ${bytes} bytes (limit ${largeFileBytesMax}): split it`);
}
