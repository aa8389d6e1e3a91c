import { createSchedule, type Schedule } from "./next-moments.ts";
import type { Trigger } from "./trigger.ts";

/** Compiled schedules by trigger: compiling costs more than using one, and schedulers use them repeatedly. */
export interface ScheduleCache {
  scheduleOf(trigger: Trigger, anchorMs: number): Schedule;
}

export function createScheduleCache(entryCountMax = 2_000): ScheduleCache {
  const schedules = new Map<string, Schedule>();
  return {
    scheduleOf(trigger, anchorMs) {
      const key = `${anchorMs} ${JSON.stringify(trigger)}`;
      const known = schedules.get(key);
      if (known !== undefined) return known;
      const schedule = createSchedule(trigger, { anchorMs });
      if (schedules.size >= entryCountMax) schedules.clear();
      schedules.set(key, schedule);
      return schedule;
    },
  };
}
