/** Lines of a conversation that no message is made of: counted by what they are, kept as they were, and told together at its end. */
import { noPlace, recordOf, refusedAs, type Found } from "./found.ts";

export interface OtherLine {
  ref: string;
  record: Record<string, unknown>;
  charsMax: number;
  /** Where it stands, for people. */
  place: string;
}

export interface OtherLines {
  count(what: string): void;
  /** Its record, which it counts; longer than `charsMax`, it is refused by the name of its place, and not counted. */
  keep(what: string, line: OtherLine): Found;
  /** Nothing when there was none. */
  tell(where: string, why: string): Found[];
}

const whatCharsMax = 190;

export function createOtherLines(): OtherLines {
  const counts = new Map<string, number>();
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
  return {
    count,
    keep(what, { ref, record, charsMax, place }) {
      if (JSON.stringify(record).length > charsMax) return refusedAs(place, `it is longer than ${charsMax} characters`);
      count(what);
      return recordOf({ kind: "kept", ref, what: what.slice(0, whatCharsMax) || "line", record });
    },
    tell(where, why) {
      const told = [...counts].map(([what, times]) => `${what} (${times})`).join(", ");
      return told === "" ? [] : [noPlace(where, `${why}: ${told}`)];
    },
  };
}
