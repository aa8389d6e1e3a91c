/** What all object stores share: names, pages, and bytes that are hashed as they come. */
import { createHash, type Hash } from "node:crypto";
import { RoostError } from "@roost/base";
import type { ObjectContent, ObjectStat } from "./object-store.ts";

/** The limit of one object where none is given. */
export const objectBytesDefault = 256 * 1024 ** 2;
/** The limit of one that is streamed, its name being known. */
const streamedBytesMax = 2 ** 31;
const listLimitMax = 1_000;

export function isName(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

export function requireName(name: string): void {
  if (isName(name)) return;
  throw new RoostError(
    "invalid_input",
    `"${name.slice(0, 100)}" is not an object name: it must be 64 lower-case hex digits`,
  );
}

export function requireHash(hash: Hash, sha256: string): void {
  const found = hash.digest("hex");
  if (found === sha256) return;
  throw new RoostError("internal", `object ${sha256} is damaged, its bytes are now ${found}: restore it from a backup`);
}

export function listLimitOf(limit = listLimitMax): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= listLimitMax) return limit;
  throw new RoostError("invalid_input", `limit ${limit} must be 1 to ${listLimitMax}`);
}

export interface HashLimits {
  objectBytesMax: number;
  /** What it has to be. */
  expected?: ObjectStat | undefined;
}

/** @throws RoostError `limit_exceeded` beyond the limit, `conflict` when it is not what was expected */
export async function hashObject(
  content: ObjectContent,
  { objectBytesMax: given, expected }: HashLimits,
  write: (piece: Uint8Array) => unknown,
): Promise<ObjectStat> {
  const objectBytesMax = expected === undefined ? given : streamedBytesMax;
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of content instanceof Uint8Array ? [content] : content) {
    bytes += piece.byteLength;
    if (bytes > objectBytesMax) {
      throw new RoostError("limit_exceeded", `an object has at most ${objectBytesMax} bytes: store it in parts`);
    }
    if (expected !== undefined && bytes > expected.bytes)
      throw otherThan(expected, `has more than its ${expected.bytes} bytes`);
    hash.update(piece);
    await write(piece);
  }
  const found = { sha256: hash.digest("hex"), bytes };
  if (expected === undefined || (found.sha256 === expected.sha256 && bytes === expected.bytes)) return found;
  throw otherThan(expected, `is ${found.sha256} of ${bytes} bytes`);
}

function otherThan({ sha256 }: ObjectStat, what: string): RoostError {
  return new RoostError("conflict", `what was to be object ${sha256} ${what}: it changed meanwhile`);
}

/** All of it in memory. @throws RoostError as hashObject */
export async function gatherObject(
  content: ObjectContent,
  limits: HashLimits,
): Promise<{ bytes: Uint8Array; sha256: string }> {
  const pieces: Uint8Array[] = [];
  const { sha256 } = await hashObject(content, limits, (piece) => pieces.push(piece));
  return { bytes: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), sha256 };
}
