/** Rehearsals: play the coming hours, follow progress, read the report. The home does not change. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Cursor, Id, WrittenTime } from "../records/fields.ts";
import { NamedJobDefinition } from "../records/job.ts";
import { Rehearsal, rehearsalHoursMax, RehearsalReport } from "../records/rehearsal.ts";

const rehearsalId = Id.describe("Id of a rehearsal");
const triedJobsMax = 500;

export const startRehearsal = defineOperation({
  id: "startRehearsal",
  method: "POST",
  path: "/rehearsals",
  summary: "Plays the coming hours in simulated time, without a model and without effects",
  description:
    "A separate process copies what it needs into its own database, which is dropped at the end. One rehearsal runs at a time; " +
    "its report is kept for ten minutes. One that was watched is cancelled half a minute after its last watcher has left.",
  input: z.object({
    hours: z.number().int().min(1).max(rehearsalHoursMax).default(24),
    from: WrittenTime.optional().describe("Default: now; not in the past"),
    jobs: z
      .array(NamedJobDefinition)
      .max(triedJobsMax)
      .optional()
      .describe("Definitions to try: they replace or extend the home's jobs in this rehearsal only"),
  }),
  output: z.object({ rehearsal: Rehearsal }),
  errors: ["conflict", "limit_exceeded"],
  effect: "readonly",
  needs: "home",
});

export const getRehearsal = defineOperation({
  id: "getRehearsal",
  method: "GET",
  path: "/rehearsals/{rehearsalId}",
  summary: "A rehearsal, with its report once it is done",
  input: z.object({ rehearsalId }),
  output: z.object({ rehearsal: Rehearsal, report: RehearsalReport.nullable() }),
  errors: ["not_found"],
  effect: "readonly",
  needs: "home",
});

export const watchRehearsal = defineOperation({
  id: "watchRehearsal",
  method: "GET",
  path: "/rehearsals/{rehearsalId}/watch",
  summary: "Progress of a rehearsal; ends with it",
  input: z.object({ rehearsalId, after: Cursor.optional() }),
  output: Rehearsal,
  errors: ["not_found"],
  effect: "readonly",
  needs: "home",
  stream: true,
});

export const cancelRehearsal = defineOperation({
  id: "cancelRehearsal",
  method: "DELETE",
  path: "/rehearsals/{rehearsalId}",
  summary: "Cancels a rehearsal and drops its database",
  input: z.object({ rehearsalId }),
  output: z.object({ rehearsal: Rehearsal }),
  errors: ["not_found"],
  effect: "idempotent",
  needs: "home",
});

export const rehearsalOperations = [startRehearsal, getRehearsal, watchRehearsal, cancelRehearsal] as const;
