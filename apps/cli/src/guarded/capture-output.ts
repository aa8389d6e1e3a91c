/** Passes a command's output through and keeps the beginning of it, byte by byte. */
import type { Readable, Writable } from "node:stream";
import { isStorableText } from "@roost/base";

/** What is kept of an output: as text where it is text, else in base64. */
export interface KeptOutput {
  stdout: string;
  stdoutBase64?: string;
  isCut: boolean;
}

export interface CapturedOutput {
  /** What was kept, once the output has ended. */
  ended: Promise<KeptOutput>;
}

export function captureOutput(from: Readable, to: Writable, bytesMax: number): CapturedOutput {
  const parts: Buffer[] = [];
  let keptBytes = 0;
  let isCut = false;
  from.on("data", (part: Buffer) => {
    const kept = part.subarray(0, bytesMax - keptBytes);
    if (kept.length > 0) parts.push(kept);
    keptBytes += kept.length;
    isCut ||= kept.length < part.length;
  });
  from.pipe(to, { end: false });
  const ended = new Promise<KeptOutput>((resolve) => {
    from.once("close", () => resolve(encode(Buffer.concat(parts), isCut)));
  });
  return { ended };
}

/** The bytes that were kept of an earlier caller's output. */
export function keptBytes(result: unknown): Buffer {
  const { stdout, stdoutBase64 } = (result ?? {}) as { stdout?: unknown; stdoutBase64?: unknown };
  if (typeof stdoutBase64 === "string") return Buffer.from(stdoutBase64, "base64");
  return Buffer.from(typeof stdout === "string" ? stdout : "");
}

/** Text loses the partial character at the cut. */
function encode(bytes: Buffer, isCut: boolean): KeptOutput {
  try {
    // A byte order mark is part of the output.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
    if (isStorableText(text)) return { stdout: text, isCut };
  } catch {
    // It is no text.
  }
  return { stdout: "", stdoutBase64: bytes.toString("base64"), isCut };
}
