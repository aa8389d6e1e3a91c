/** The last reading of the feed, kept in the browser: the next visit shows it, marked as old, before the first answer. Signing out forgets it. */
import type { Kept } from "./create-feed.ts";

const key = "roost.reading";
const charsMax = 300_000;
const betweenMs = 5_000;

export interface KeptReading {
  read(): Kept | undefined;
  keep(kept: Kept): void;
  forget(): void;
}

/** `storage` throws where a browser has none. */
export function openKeptReading(storage: () => Pick<Storage, "getItem" | "setItem" | "removeItem">): KeptReading {
  let keptAt = Number.NEGATIVE_INFINITY;
  return {
    read() {
      try {
        const kept = JSON.parse(storage().getItem(key) ?? "null") as Kept | null;
        return kept !== null && Array.isArray(kept.rows) && Array.isArray(kept.ended) ? kept : undefined;
      } catch {
        return undefined;
      }
    },
    keep({ asOf, rows, ended, status }) {
      if (asOf - keptAt < betweenMs) return;
      keptAt = asOf;
      try {
        const text = JSON.stringify({ asOf, rows, ended, status });
        if (text.length <= charsMax) storage().setItem(key, text);
      } catch {
        // Full, or off: the next visit begins empty.
      }
    },
    forget() {
      // What is being read now is not kept either.
      keptAt = Number.POSITIVE_INFINITY;
      try {
        storage().removeItem(key);
      } catch {
        // Nothing was kept.
      }
    },
  };
}
