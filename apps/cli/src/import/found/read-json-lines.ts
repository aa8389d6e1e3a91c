/** The lines of a JSONL file, one at a time: a torn one is named, and the others still come. */
import { createReadStream } from "node:fs";
import { readLines } from "@roost/base";

/** An entry, or the line of one that cannot be read. */
export type TranscriptEntry = { seq: number; value: Record<string, unknown> } | { seq: number; problem: string };

const lineCharsMax = 16 * 1024 ** 2;

export async function* readJsonLines(path: string): AsyncGenerator<TranscriptEntry> {
  let seq = 0;
  for await (const line of readLines(createReadStream(path), { charsMax: lineCharsMax })) {
    seq += 1;
    if (line === undefined) yield { seq, problem: `it is longer than ${lineCharsMax} characters` };
    else if (line.trim() !== "") yield toEntry(seq, line);
  }
}

export function toEntry(seq: number, text: string): TranscriptEntry {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return { seq, value: value as Record<string, unknown> };
    return { seq, problem: "it is not an object" };
  } catch (error) {
    return { seq, problem: `it is torn or foreign: ${(error as Error).message.slice(0, 200)}` };
  }
}
