/** `message_summary_info` of chat.db, a binary property list: the earlier texts of a message that was edited, and which of its parts were unsent. */
import { parseBinary } from "plist";
import { decodeAttributedBody } from "./decode-attributed-body.ts";

export interface MessageEdits {
  /** Of the parts that were edited, the oldest first; the last of each part is how it reads now. */
  versions: { part: number; atMs: number; text: string }[];
  /** Whether nothing of the message is left. */
  isUnsent: boolean;
}

const bytesMax = 1024 * 1024;
const versionsMax = 100;
/** Of Apple's clock, which begins in 2001. */
const epochMs = 978_307_200_000;

/** Undefined: it says nothing of that, or cannot be read. */
export function readMessageEdits(bytes: Uint8Array): MessageEdits | undefined {
  if (bytes.length > bytesMax) return undefined;
  let info: Record<string, unknown>;
  try {
    info = dictionaryOf(parseBinary(bytes));
  } catch {
    return undefined; // torn: the message is read without it
  }
  const versions = Object.entries(dictionaryOf(info["ec"])).flatMap(([part, edits]) =>
    (Array.isArray(edits) ? edits : []).flatMap((edit: unknown) => {
      const { d: seconds, t: body } = dictionaryOf(edit);
      const text = body instanceof Uint8Array ? decodeAttributedBody(body) : undefined;
      if (typeof seconds !== "number" || text === undefined) return [];
      return [{ part: Number(part), atMs: Math.round(seconds * 1000) + epochMs, text }];
    }),
  );
  const unsent = new Set(Array.isArray(info["rp"]) ? info["rp"].map(Number) : []);
  const parts = Object.keys(dictionaryOf(info["otr"])).map(Number);
  const isUnsent = unsent.size > 0 && parts.every((part) => unsent.has(part));
  return { versions: versions.sort((one, other) => one.atMs - other.atMs).slice(-versionsMax), isUnsent };
}

function dictionaryOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
