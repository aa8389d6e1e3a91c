import { createSchedule, type Schedule } from "./next-moments.ts";
import type { Trigger } from "./trigger.ts";

/** Compiled schedules by trigger: compiling costs more than asking for a moment, and a scheduler asks again and again. */
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
