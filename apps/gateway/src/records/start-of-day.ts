import { timeZoneOf } from "@roost/base";

const dayMs = 86_400_000;

/** Midnight in the zone, on the day of this instant. */
export function startOfDay(atMs: number, timeZone: string): Date {
  const zone = timeZoneOf(timeZone);
  const wallMs = atMs + zone.offsetMs(atMs);
  return new Date(zone.instantOf(Math.floor(wallMs / dayMs) * dayMs));
}
