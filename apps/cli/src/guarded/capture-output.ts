/** Passes a command's output through and keeps the beginning of it. */
import type { Readable, Writable } from "node:stream";

export interface CapturedOutput {
  /** What was kept, once the output has ended. */
  ended: Promise<{ text: string; isCut: boolean }>;
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
  const ended = new Promise<{ text: string; isCut: boolean }>((resolve) => {
    from.once("close", () => resolve({ text: decode(Buffer.concat(parts), isCut), isCut }));
  });
  return { ended };
}

/** Drops the partial character at the cut. */
function decode(bytes: Buffer, isCut: boolean): string {
  return new TextDecoder().decode(bytes, { stream: isCut });
}
