/** Files that leave the home without the secrets in them: one that is read whole, and one that goes in ranges, a piece of which is in memory. */
import { createHash } from "node:crypto";
import { RoostError } from "@roost/base";
import { partLimits } from "@roost/contract/part";
import type { RoostClient } from "../connect.ts";
import { answerMsMax, rangesOf } from "../bring-ranges.ts";
import { maskSecrets } from "../import/found/find-secret-line.ts";
import { hasFewNuls, looksLikeText } from "../import/found/looks-like-text.ts";
import { createPieceMask, type PieceMask } from "../import/found/create-piece-mask.ts";
import type { ExportedHome, ExportFolder } from "./open-export-folder.ts";

/** In ranges of one content; of a text without its secrets. */
export async function exportLargeFile(
  client: RoostClient,
  folder: ExportFolder,
  { path, done }: { path: string; done: ExportedHome },
): Promise<{ bytes: number; sha256: string }> {
  const { sha256, bytes } = await client.hashFile({ path }, { timeoutMs: answerMsMax });
  const file = await folder.file(`home/${path}`);
  const written = { hash: createHash("sha256"), bytes: 0 };
  const write = async (piece: Uint8Array) => {
    written.hash.update(piece);
    written.bytes += piece.byteLength;
    await file.write(piece);
  };
  let count = 0;
  let mask: PieceMask | undefined;
  try {
    for await (const range of rangesOf(client, { path, sha256, bytes })) {
      if (count === 0 && looksLikeText(path, range)) {
        if (!hasFewNuls(range))
          throw new RoostError(
            "limit_exceeded",
            `it is a text in UTF-16 of ${bytes} bytes (limit ${partLimits.bytesMax}): copy it by hand`,
          );
        mask = createPieceMask();
      }
      await write(mask?.next(range) ?? range);
      count += range.byteLength;
    }
    if (count < bytes) throw new RoostError("unavailable", `it ends after ${count} of ${bytes} bytes: export it again`);
    if (mask !== undefined) await write(mask.end());
    await file.end();
  } catch (error) {
    await file.drop();
    throw error;
  }
  if (mask !== undefined && mask.count > 0) done.leftOut.push({ name: path, reason: `${mask.count} secrets of it` });
  return { bytes: written.bytes, sha256: written.hash.digest("hex") };
}

/** A text with a stray NUL, or in another encoding, is none for the home, and may hold secrets all the same: its other bytes stay as they are. */
export function withoutSecrets(
  path: string,
  bytes: Uint8Array,
  mediaType: string,
): { written: Uint8Array; count: number } {
  const isText = mediaType.startsWith("text/");
  if (!isText && !looksLikeText(path, bytes)) return { written: bytes, count: 0 };
  const encoding = isText ? "utf8" : hasFewNuls(bytes) ? "latin1" : "utf16le";
  const { text, count } = maskSecrets(Buffer.from(bytes).toString(encoding));
  return count === 0 ? { written: bytes, count } : { written: Buffer.from(text, encoding), count };
}
