/** Answers that callers asked to be kept, in memory, within bounds; the one used longest ago leaves first. */
import { createHash } from "node:crypto";
import type { Clock } from "@roost/base";

export interface CachedAnswer {
  contentType: string;
  body: Buffer;
  untilMs: number;
}

export interface ResponseCache {
  get(key: string): CachedAnswer | undefined;
  set(key: string, answer: CachedAnswer): void;
}

export const cachedBytesMax = 1_048_576;
const bytesMax = 64 * 1_048_576;
const answersMax = 10_000;

/** Of one caller: what one was told is told to no other. */
export function cacheKeyOf(callerId: string, path: string, text: string): string {
  return createHash("sha256")
    .update(JSON.stringify([callerId, path]))
    .update(text)
    .digest("base64");
}

export function createResponseCache(clock: Clock): ResponseCache {
  const kept = new Map<string, CachedAnswer>();
  let bytes = 0;
  const drop = (key: string) => {
    bytes -= kept.get(key)?.body.length ?? 0;
    kept.delete(key);
  };
  return {
    get(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      drop(key);
      if (found.untilMs <= clock.nowMs()) return undefined;
      bytes += found.body.length;
      kept.set(key, found);
      return found;
    },
    set(key, answer) {
      if (answer.body.length > cachedBytesMax) return;
      drop(key);
      kept.set(key, answer);
      bytes += answer.body.length;
      for (const oldest of kept.keys()) {
        if (bytes <= bytesMax && kept.size <= answersMax) break;
        drop(oldest);
      }
    },
  };
}
