import { createHash } from "node:crypto";
import type { Schedule } from "./next-moments.ts";

/** A number in [0, 1) that every process draws alike for the same parts. */
export function drawFraction(...parts: (string | number)[]): number {
  return createHash("sha256").update(parts.join("\n")).digest().readUInt32BE(0) / 2 ** 32;
}

export interface TickJitterOptions {
  jobId: string;
  jitterMsMax: number;
  schedule: Schedule;
}

/** How much later than its moment a tick is due: the same in every scheduler, and never as late as the next moment. */
export function tickJitterMs(momentMs: number, options: TickJitterOptions): number {
  if (options.jitterMsMax <= 0) return 0;
  const nextMs = options.schedule.next(momentMs);
  const room = nextMs === undefined ? options.jitterMsMax : Math.min(options.jitterMsMax, nextMs - momentMs - 1);
  return Math.floor(drawFraction(options.jobId, momentMs) * room);
}
