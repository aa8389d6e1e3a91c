/** Lines of a conversation that no message is made of: counted by what they are, kept as they were, and told together at its end. */
import { noPlace, recordOf, type Found } from "./found.ts";

export interface OtherLines {
  count(what: string): void;
  /** Its record, which it counts; undefined, and not counted, when it is longer than `charsMax`. */
  keep(what: string, line: { ref: string; record: Record<string, unknown>; charsMax: number }): Found | undefined;
  /** Nothing when there was none. */
  tell(where: string, why: string): Found[];
}

const whatCharsMax = 190;

export function createOtherLines(): OtherLines {
  const counts = new Map<string, number>();
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
  return {
    count,
    keep(what, { ref, record, charsMax }) {
      if (JSON.stringify(record).length > charsMax) return undefined;
      count(what);
      return recordOf({ kind: "kept", ref, what: what.slice(0, whatCharsMax) || "line", record });
    },
    tell(where, why) {
      const told = [...counts].map(([what, times]) => `${what} (${times})`).join(", ");
      return told === "" ? [] : [noPlace(where, `${why}: ${told}`)];
    },
  };
}
