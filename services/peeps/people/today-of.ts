/** The day that it is for the home's owner, as `2026-02-28`. */
import { timeZoneOf, type Clock } from "@roost/base";

export function todayOf({ clock, timeZone }: { clock: Clock; timeZone: string }): string {
  const now = clock.nowMs();
  return new Date(now + timeZoneOf(timeZone).offsetMs(now)).toISOString().slice(0, 10);
}
