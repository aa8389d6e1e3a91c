/** Cuts what is put into the parts of an upload, and sends several of them beside each other: a few are in memory at a time. */
import { hashObject } from "./hash-object.ts";
import type { ObjectContent, ObjectStat } from "./object-store.ts";

/** From this size on an object is uploaded in parts of it. Servers refuse parts below 5 MiB. */
export const partBytes = 8 * 1024 ** 2;

/** Each part in a buffer of its own. @throws what hashObject throws */
export async function cutInParts(
  content: ObjectContent,
  expected: ObjectStat,
  send: (part: Uint8Array, index: number) => Promise<unknown>,
): Promise<void> {
  let part = Buffer.allocUnsafe(partBytes);
  let filled = 0;
  let count = 0;
  const flush = async () => {
    await send(part.subarray(0, filled), count);
    count += 1;
    part = Buffer.allocUnsafe(partBytes);
    filled = 0;
  };
  await hashObject(content, { objectBytesMax: expected.bytes, expected }, async (piece) => {
    for (let at = 0; at < piece.byteLength;) {
      const taken = Math.min(piece.byteLength - at, partBytes - filled);
      part.set(piece.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      if (filled === partBytes) await flush();
    }
  });
  if (filled > 0) await flush();
}

/** Works that go on beside each other, so many at a time; what one of them throws is thrown by the next `begin` or by `end`, when all have ended. */
export function createWidth(width: number) {
  const going = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const end = async () => {
    await Promise.all(going);
    if (failures.length > 0) throw failures[0];
  };
  return {
    async begin(work: () => Promise<void>) {
      while (going.size >= width) await Promise.race(going);
      if (failures.length > 0) await end();
      const one = work()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => void going.delete(one));
      going.add(one);
    },
    end,
  };
}
