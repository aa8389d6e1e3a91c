import { drawFraction } from "@roost/base";
import type { Schedule } from "./next-moments.ts";

export interface TickDelayOptions {
  jobId: string;
  /** The same for every tick. */
  delayMs: number;
  /** Drawn per tick, on top of it. */
  jitterMsMax: number;
  schedule: Schedule;
}

/** How much later than its moment a tick is due: the same in every scheduler, and always before the next moment. */
export function tickDelayMs(momentMs: number, { jobId, delayMs, jitterMsMax, schedule }: TickDelayOptions): number {
  if (delayMs + jitterMsMax <= 0) return 0;
  const nextMs = schedule.next(momentMs);
  const roomMs = nextMs === undefined ? Number.POSITIVE_INFINITY : nextMs - momentMs - 1;
  const fixedMs = Math.min(delayMs, roomMs);
  return fixedMs + Math.floor(drawFraction(jobId, momentMs) * Math.min(jitterMsMax, roomMs - fixedMs));
}
