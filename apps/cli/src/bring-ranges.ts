/** Files that are too large to go whole: read from the home and brought to it in ranges, one of which is in memory at a time. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { RoostError, toRoostError } from "@roost/base";
import { fileRangeBytesMax } from "@roost/contract/operations";
import type { RoostClient } from "./connect.ts";

/** Reading the largest file on a slow disk, or a range over a slow line. */
export const answerMsMax = 10 * 60_000;
const rangeBytesMin = 64 * 1024;
const pieceBytes = 1024 ** 2;

/** Of a file of any size. `look`: at each piece as well, so that the file is read once for both. @throws as reading it does */
export async function sha256OfFile(absolute: string, look?: (piece: Buffer) => void): Promise<string> {
  const hash = createHash("sha256");
  const pieces: AsyncIterable<Buffer> = createReadStream(absolute, { highWaterMark: pieceBytes });
  for await (const piece of pieces) {
    hash.update(piece);
    look?.(piece);
  }
  return hash.digest("hex");
}

/** A file of the home from a place on, as long as it has that content. Ends early where the file does. */
export async function* rangesOf(
  client: RoostClient,
  { path, sha256, bytes, from = 0 }: { path: string; sha256: string; bytes: number; from?: number },
): AsyncGenerator<Uint8Array> {
  while (from < bytes) {
    const range = await client.getFileRange({ path, sha256, from }, { timeoutMs: answerMsMax });
    if (range.bytes.byteLength === 0) return;
    yield range.bytes;
    from += range.bytes.byteLength;
  }
}

export interface BroughtRange {
  from: number;
  content: { mediaType: string; bytes: Uint8Array<ArrayBuffer> };
}

/** `done`: it was the last one. `next`: where the next one begins; what is there already is not sent again. */
export type AnswerToRange<Done> = { done: Done } | { next: number | null };

export interface BringRanges<Done> {
  /** What it is called in messages. */
  name: string;
  bytes: number;
  put: (range: BroughtRange, options: { timeoutMs: number }) => Promise<AnswerToRange<Done>>;
  /** What people do about one that changes meanwhile: `import again`. */
  advice: string;
}

/** @throws RoostError `conflict` when the file ends early, or another brings it; what `put` throws */
export async function bringRanges<Done>(file: string, { name, bytes, put, advice }: BringRanges<Done>): Promise<Done> {
  await using handle = await open(file, "r");
  const piece = Buffer.allocUnsafe(fileRangeBytesMax);
  let rangeBytes = fileRangeBytesMax;
  for (let from = 0; ;) {
    // Not beyond what was hashed: it may grow.
    const { bytesRead } = await handle.read(piece, 0, Math.min(rangeBytes, bytes - from), from);
    if (bytesRead === 0 && bytes > 0)
      throw new RoostError("conflict", `${name} has changed while it was brought: ${advice}`);
    const content = { mediaType: "application/octet-stream", bytes: Uint8Array.from(piece.subarray(0, bytesRead)) };
    const answer = await put({ from, content }, { timeoutMs: answerMsMax }).catch((error: unknown) => {
      if (toRoostError(error).code !== "timeout" || rangeBytes === rangeBytesMin) throw error;
      return undefined;
    });
    if (answer === undefined) {
      // A line that is too slow for one: the same again, in smaller ones.
      rangeBytes = Math.max(rangeBytesMin, Math.floor(rangeBytes / 8));
      continue;
    }
    if ("done" in answer) return answer.done;
    if (answer.next === null || (answer.next <= from && from > 0))
      throw new RoostError("conflict", `${name} is being brought by another: ${advice}`);
    from = answer.next;
  }
}
