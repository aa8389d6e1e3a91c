/** The lines of a JSONL file, one at a time: a torn one is named, and the others still come. */
import { createReadStream } from "node:fs";
import { readLines } from "@roost/base";
import { whyUnreadable } from "./why-unreadable.ts";

/** An entry, or the line of one that cannot be read; line 0 is the file itself. */
export type TranscriptEntry = { seq: number; value: Record<string, unknown> } | { seq: number; problem: string };

const lineCharsMax = 16 * 1024 ** 2;
/** Of objects and lists within each other: what reads and writes JSON goes down them one by one. */
const levelsMax = 200;

/** `within`: a folder that no link may lead out of. */
export async function* readJsonLines(
  path: string,
  { within }: { within?: string } = {},
): AsyncGenerator<TranscriptEntry> {
  const problem = await whyUnreadable(path, within);
  if (problem !== undefined) return yield { seq: 0, problem };
  let seq = 0;
  try {
    for await (const line of readLines(createReadStream(path), { charsMax: lineCharsMax })) {
      seq += 1;
      if (line === undefined) yield { seq, problem: `it is longer than ${lineCharsMax} characters` };
      else if (line.trim() !== "") yield toEntry(seq, line);
    }
  } catch (error) {
    yield { seq, problem: `the rest of it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})` };
  }
}

/** Where something of a file is, for people. */
export function placeIn(where: string, { seq }: Pick<TranscriptEntry, "seq">, what: "line" | "entry" = "line"): string {
  return seq === 0 ? where : `${where} ${what} ${seq}`;
}

export function toEntry(seq: number, text: string): TranscriptEntry {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return { seq, problem: "it is not an object" };
    if (isDeeper(value, levelsMax)) return { seq, problem: `it is nested deeper than ${levelsMax} levels` };
    return { seq, value: value as Record<string, unknown> };
  } catch (error) {
    return { seq, problem: `it is torn or foreign: ${(error as Error).message.slice(0, 200)}` };
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}
