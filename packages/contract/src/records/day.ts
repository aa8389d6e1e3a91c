/** A day of the home at a glance. */
import { z } from "zod";
import { Count, Reason, ref, Slug, Time, TimeZone } from "./fields.ts";
import { tickOutcomes } from "./job.ts";
import { RunSummary } from "./run.ts";

export const dayRunsMax = 500;
export const dayTicksMax = 400;

export const Day = z
  .object({
    day: z.iso.date(),
    from: Time,
    until: Time,
    timeZone: TimeZone,
    runs: z.array(RunSummary).max(dayRunsMax).describe("That went on at some time of the day, the latest first"),
    isCut: z.boolean().describe("There were more"),
    ticks: z
      .array(
        z.object({
          jobId: ref("Job", Slug),
          scheduledAt: Time,
          outcome: z.enum(tickOutcomes),
          reason: Reason.nullable(),
          count: Count.describe("Moments that it stands for"),
        }),
      )
      .max(dayTicksMax)
      .describe("Skipped and missed ones"),
  })
  .meta({ id: "Day" });
export type DayRecord = z.output<typeof Day>;
