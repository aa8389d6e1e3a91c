import { createHash } from "node:crypto";

/** A number in [0, 1), the same in every process for the same parts. */
export function drawFraction(...parts: (string | number)[]): number {
  return createHash("sha256").update(parts.join("\n")).digest().readUInt32BE(0) / 2 ** 32;
}
