/** Status of the installation, and active or due work. */
import { z } from "zod";
import { Count, Id, Name, Reason, SessionKey, Slug, Time, Usd, WholeMs, unreadable, ref } from "./fields.ts";
import { pathCharsMax } from "./limits.ts";

export const Process = z
  .object({
    id: Id,
    host: z.string().max(255),
    pid: Count,
    startedAt: Time,
    seenAt: Time,
    runCount: Count.describe("Runs it is executing"),
    offers: z.array(Name).describe("What it offers to runs that need it"),
  })
  .meta({ id: "Process" });

export const ModelStatus = z
  .object({
    mode: z
      .enum(["live", "rehearsal"])
      .describe("rehearsal: there is no model; replies are rehearsed and effects are not performed"),
    provider: Name.nullable(),
    name: Name.nullable(),
    reason: Reason.nullable().describe("Why it rehearses, or where the model was found"),
  })
  .meta({ id: "ModelStatus" });

export const ModelCheck = z
  .object({
    id: Name,
    name: Name,
    state: z.enum(["answers", "silent", "fails"]).describe("silent: no answer yet; it may be loading"),
    ms: WholeMs,
    text: Reason.describe("How long it took, or why it fails and what to do"),
  })
  .meta({ id: "ModelCheck" });
export type ModelCheck = z.output<typeof ModelCheck>;

export const Alarm = z.object({ code: z.string().max(64), text: Reason, since: Time.nullable() }).meta({ id: "Alarm" });

const KafkaLag = {
  lagCount: Count.describe("Events that wait"),
  lagMs: WholeMs.nullable().describe("Age of the oldest that waits, where it is known"),
  error: Reason.nullable().describe("What went wrong last, while it does"),
};

export const KafkaStatus = z
  .object({
    relay: z.object({
      ...KafkaLag,
      partitionCount: Count,
      heldCount: Count.describe("Partitions that a relay has at present"),
    }),
    readers: z.array(
      z.object({ ...KafkaLag, group: Name, deadLetterCount: Count.describe("Set aside; see listDeadLetters") }),
    ),
  })
  .meta({ id: "KafkaStatus" });

export const Status = z
  .object({
    version: Name,
    home: z.string().max(pathCharsMax),
    timeZone: Name.describe("Time zone of the home"),
    startedAt: Time,
    uptimeMs: WholeMs,
    engine: z.object({ version: Name, embedded: z.boolean() }),
    model: ModelStatus,
    workers: z.array(Process),
    schedulers: z.array(Process),
    counts: z.object({ ready: Count, queued: Count, running: Count, waiting: Count, openQuestions: Count }),
    due: z
      .array(z.object({ jobId: ref("Job", Slug), title: Name, dueAt: Time }))
      .describe("The next due jobs, at most 10"),
    spend: z
      .object({
        since: Time.describe("Start of today in the home's time zone"),
        usd: Usd,
        tokens: Count,
        usdMax: Usd.nullable(),
        tokensMax: Count.nullable(),
      })
      .describe("Spending today, and the day's caps"),
    kafka: KafkaStatus.optional().describe("Where the home has to do with Kafka"),
    alarms: z.array(Alarm),
    unreadable,
  })
  .meta({ id: "Status" });
export type Status = z.output<typeof Status>;

/** A job is `due` at its time, and `idle` while nothing but an event or a person would start it. */
export const activityStates = ["running", "waiting", "queued", "ready", "due", "idle", "paused"] as const;

/** A row of `roost ps`. */
export const Activity = z
  .object({
    kind: z.enum(["run", "job"]),
    id: Id,
    title: Name,
    agent: Slug,
    sessionKey: ref("Session", SessionKey).nullable(),
    state: z.enum(activityStates),
    why: Reason,
    causedBy: z.object({ kind: z.enum(["job", "message", "run", "event", "person"]), id: Id }).nullable(),
    holds: z.array(Name).describe("Locks that it holds"),
    waitingFor: Reason.nullable(),
    sinceAt: Time.nullable().describe("Since when it is in this state"),
    dueAt: Time.nullable(),
    workerId: Id.nullable(),
    stepName: Name.nullable(),
    costUsd: Usd,
    tokens: Count,
    runId: ref("Run").nullable(),
    jobId: ref("Job", Slug).nullable(),
  })
  .meta({ id: "Activity" });
export type ActivityRecord = z.output<typeof Activity>;
