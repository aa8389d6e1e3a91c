/** Moments in the home's time zone: one zone in all views, on whatever machine they are read. */
import { timeZoneOf } from "@roost/base";
import type { RoostClient } from "./connect.ts";

export async function readHomeZone(client: RoostClient): Promise<string> {
  return (await client.getStatus({})).timeZone;
}

const withoutOffset = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?$/;

/** Milliseconds of a written moment; one without an offset is in the zone. NaN when it is not a moment. */
export function parseMoment(text: string, timeZone: string): number {
  const [, day = "01"] = /^\d{4}-\d{2}-(\d{2})(?!\d)/.exec(text) ?? [];
  // Date.parse reads 30 February as 2 March.
  if (new Date(Date.parse(`${text.slice(0, 10)}T00:00Z`) || 0).getUTCDate() !== Number(day)) return Number.NaN;
  if (!withoutOffset.test(text)) return Date.parse(text);
  const wallMs = Date.parse(text.includes("T") ? `${text}Z` : `${text}T00:00Z`);
  if (Number.isNaN(wallMs)) return wallMs;
  return timeZoneOf(timeZone).instantOf(wallMs);
}

/** `14:05:09`, on another day than today `2025-06-01 14:05:09`. */
export function formatMoment(time: string | number, { timeZone, nowMs }: { timeZone: string; nowMs: number }): string {
  const dayOf = (at: string | number) => new Date(at).toLocaleDateString("sv-SE", { timeZone });
  const day = dayOf(time);
  return day === dayOf(nowMs) ? formatClock(time, timeZone) : `${day} ${formatClock(time, timeZone)}`;
}

/** `14:05:09`. */
export function formatClock(time: string | number, timeZone: string): string {
  return new Date(time).toLocaleTimeString("en-GB", { timeZone });
}
