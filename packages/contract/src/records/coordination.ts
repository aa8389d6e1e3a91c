/** Locks, once-only effects and reserved subjects: coordination between jobs and scripts on any host. */
// tidy: records are grouped by area.
import { z } from "zod";
import { Count, Id, Json, keyText, Name, Reason, Text, Time, ref } from "./fields.ts";
import { nameCharsMax } from "./limits.ts";

/** Names of locks, and scopes and keys of effects. */
export const KeyText = keyText(nameCharsMax);

export const Lock = z
  .object({
    name: KeyText,
    holder: Name,
    epoch: Count.describe("Fencing token: increases with each holder"),
    purpose: Reason.nullable(),
    runId: ref("Run").nullable().describe("The run that holds it; released when the run ends"),
    acquiredAt: Time,
    expiresAt: Time,
    waitingCount: Count,
  })
  .meta({ id: "Lock" });
export type Lock = z.output<typeof Lock>;

export const onceStates = ["begun", "done", "in_progress", "unknown"] as const;

export const Once = z
  .object({
    scope: KeyText,
    key: KeyText,
    state: z
      .enum(onceStates)
      .describe(
        "begun: do it now; done: it was done; in_progress: another caller is doing it; unknown: another caller began and never reported",
      ),
    token: z.string().nullable().describe("Token for finishOnce and failOnce; null unless begun"),
    holder: Name.nullable(),
    result: Json.describe("The result given to finishOnce, when done"),
    beganAt: Time.nullable(),
    endedAt: Time.nullable(),
    expiresAt: Time.nullable().describe("When an effect in progress becomes unknown"),
  })
  .meta({ id: "Once" });
export type Once = z.output<typeof Once>;

/** A key as it is listed: without its token and its result. */
export const OnceEntry = Once.pick({
  scope: true,
  key: true,
  holder: true,
  beganAt: true,
  endedAt: true,
  expiresAt: true,
})
  .extend({
    state: z.enum(["done", "in_progress", "unknown"]),
    purpose: Reason.nullable(),
    runId: ref("Run").nullable(),
    attempt: Count.describe("How often it was begun"),
  })
  .meta({ id: "OnceEntry" });
export type OnceEntry = z.output<typeof OnceEntry>;

export const Subject = z
  .object({ id: Id, scope: KeyText, text: Text, by: Name, at: Time, expiresAt: Time, runId: ref("Run").nullable() })
  .meta({ id: "Subject" });
export type Subject = z.output<typeof Subject>;

export const SimilarSubject = z
  .object({ subjectId: Id, text: Text, by: Name, at: Time, similarity: z.number().min(0).max(1) })
  .meta({ id: "SimilarSubject" });
export type SimilarSubjectRecord = z.output<typeof SimilarSubject>;
