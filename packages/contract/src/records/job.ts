/** Jobs and their ticks. The kernel decides when a trigger is due. */
import { parseDurationMs, writeDurationMs } from "@roost/base/browser";
import { z } from "zod";
import {
  Count,
  Differences,
  Id,
  Name,
  WrittenName,
  Needs,
  QueueName,
  Reason,
  Scalar,
  Slug,
  SmallCount,
  text,
  TickKey,
  Time,
  TimeZone,
  Usd,
  WholeMs,
  WrittenDuration,
  WrittenMs,
  WrittenTime,
  ref,
} from "./fields.ts";
import { deliveryTargets } from "./notice.ts";
import { attemptsMax, backoffMsMax, priorityMax, promptCharsMax, reasonCharsMax, timeoutMsMax } from "./limits.ts";
import { Postconditions } from "./postcondition.ts";

export const JobId = Slug.describe("Id of a job");

/** The shortest interval of a job. */
export const everyMsMin = 1000;

/** Maximum events for one run. */
export const eventsPerRunMax = 500;

const Debounce = z
  .object({
    quiet: WrittenDuration.describe("One run for all events, once none has arrived for this long"),
    maxWait: WrittenDuration.optional().describe("At most this long after the first event; default: ten times `quiet`"),
  })
  .meta({ id: "Debounce" });

const Batch = z
  .object({
    max: z.number().int().min(2).max(eventsPerRunMax).describe("One run for this many events"),
    maxAge: WrittenDuration.describe("Or for fewer, this long after the first"),
  })
  .meta({ id: "Batch" });

function adviceOnUnit(written: string): string {
  const isBare = /^\d+$/.test(written);
  return isBare ? `; a number without a unit counts milliseconds: write ${written}m or ${written}s` : "";
}

export const Trigger = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("cron"),
      expression: text(200).min(1).describe("Five or six fields, or a name like @hourly"),
      timeZone: TimeZone.optional().describe("Default: the home's"),
    }),
    z.object({
      kind: z.literal("every"),
      every: WrittenDuration.refine((every) => parseDurationMs(every) >= everyMsMin, {
        error: ({ input }) => `must be at least ${writeDurationMs(everyMsMin)}${adviceOnUnit(String(input))}`,
      }),
      anchor: WrittenTime.optional().describe("Due times are whole intervals from here, so that they do not drift"),
    }),
    z.object({ kind: z.literal("at"), at: WrittenTime }),
    z.object({
      kind: z.literal("event"),
      eventType: Name.describe("Type of the events that trigger it"),
      filter: z
        .record(text(200).min(1), Scalar)
        .optional()
        .describe("Dotted paths into the event's data and their required values"),
      debounce: Debounce.optional(),
      batch: Batch.optional(),
    }),
    z.object({ kind: z.literal("manual") }),
  ])
  .meta({ id: "Trigger", description: "When a job is due" });

export const CatchUp = z
  .object({
    policy: z
      .enum(["skip", "last", "all"])
      .default("last")
      .describe("Ticks due while Roost was down: all skipped, one run for the last, or one run each"),
    max: z.number().int().min(1).max(1000).optional().describe("Maximum runs after an outage with `all`"),
    windowMs: WrittenMs.optional().describe("Older ticks are missed whatever the policy"),
  })
  .meta({ id: "CatchUp" });

export const overlapPolicies = ["skip", "queue-one", "queue-all", "cancel-old", "allow"] as const;

export const Retry = z
  .object({
    attemptsMax: z.number().int().min(1).max(attemptsMax).default(1).describe("The first attempt counts"),
    backoffMs: WrittenMs.max(backoffMsMax).default(30_000).describe("Delay before the second attempt"),
    backoffFactor: z.number().min(1).max(10).default(2).describe("Factor by which the delay grows with each attempt"),
    backoffMsMax: WrittenMs.max(backoffMsMax).default(3_600_000).describe("The longest delay"),
  })
  .meta({ id: "Retry" });

export const Budget = z
  .object({
    usdMax: Usd.optional(),
    tokensMax: Count.optional(),
    callsMax: SmallCount.optional().describe("Model calls, over all attempts"),
  })
  .meta({ id: "Budget", description: "Caps of one run, in money, tokens and model calls" });

const clockTime = /^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/;

export const ActiveHours = z
  .object({
    start: z.string().regex(clockTime, "must be a time of day like 08:00").describe("Inclusive"),
    end: z
      .string()
      .regex(clockTime, "must be a time of day like 22:30 or 24:00")
      .describe("Exclusive; before `start` it is on the next day, equal to it means never"),
    timeZone: TimeZone.optional(),
  })
  .meta({ id: "ActiveHours" });

const startLimitKey = text(200)
  .min(1)
  .optional()
  .describe(
    "Groups runs that count together; {event.data.customer} inserts that value of the run's input. Default: the job",
  );
const startLimitMax = z.number().int().min(1).max(1000);

export const Concurrency = z
  .object({ key: startLimitKey, max: startLimitMax.describe("Maximum active runs of the key; the others wait") })
  .meta({ id: "Concurrency" });

export const RateLimit = z
  .object({
    key: startLimitKey,
    max: startLimitMax.describe("Maximum starts of the key per window"),
    per: WrittenDuration.describe("Length of the window, at most 31 days"),
    excess: z.enum(["wait", "skip"]).default("wait").describe("Excess runs wait, or are recorded as skipped"),
  })
  .meta({ id: "RateLimit" });

export const JobInput = z
  .object({ file: text(200).min(1).describe("State file, relative to the home"), staleAfterMs: WrittenMs })
  .meta({ id: "JobInput", description: "A state file whose age matters to the job" });

const jobDefinitionFields = {
  title: WrittenName.optional(),
  description: text(reasonCharsMax).optional().describe("Its purpose, and further notes"),
  agent: Slug.default("main").describe("The agent whose instructions, model and caps its runs have"),
  session: z
    .enum(["main", "cron", "heartbeat"])
    .default("cron")
    .describe("Session kind, which decides what its runs may know"),
  trigger: Trigger,
  prompt: text(promptCharsMax).describe("The prompt of its runs; may be empty for a heartbeat"),
  catchUp: CatchUp.default({ policy: "last" }),
  overlap: z.enum(overlapPolicies).default("skip").describe("What a tick does while a run of the job is active"),
  delayMs: WrittenMs.max(86_400_000).optional().describe("A fixed delay of each tick, shorter than the interval"),
  jitterMs: WrittenMs.max(86_400_000)
    .default(0)
    .describe("An additional random delay per tick, so that many jobs do not start at once"),
  timeoutMs: WrittenMs.min(1000).max(timeoutMsMax).default(1_800_000).describe("Time limit of a run"),
  retry: Retry.default({ attemptsMax: 1, backoffMs: 30_000, backoffFactor: 2, backoffMsMax: 3_600_000 }),
  budget: Budget.optional(),
  activeHours: ActiveHours.optional(),
  tools: z.array(Name).max(200).optional().describe("The only tools its runs may use; default: all of the agent's"),
  model: Name.optional(),
  onUnknown: z
    .enum(["tell", "wait"])
    .default("tell")
    .describe("When the outcome of an effect is unknown: tell the agent, or wait for a person"),
  inputs: z.array(JobInput).max(50).optional(),
  postconditions: Postconditions.optional(),
  priority: z
    .number()
    .int()
    .min(-priorityMax)
    .max(priorityMax)
    .optional()
    .describe("Higher runs first, strictly. Default: 0"),
  queue: QueueName.optional().describe("Workers of this queue execute its runs. Default: default"),
  needs: Needs.optional(),
  concurrency: Concurrency.optional(),
  rateLimit: RateLimit.optional(),
  tell: z
    .enum(["main", "person"])
    .optional()
    .describe(
      "Who gets its answer: main, in its next digest, or person, also as a notice. Default: person for jobs of the session main, main for others",
    ),
  deliver: z
    .enum(deliveryTargets)
    .optional()
    .describe("Where its answer is sent, once; left out: where the home's notices go, when it tells the person"),
  enabled: z.boolean().default(true).describe("A disabled job is kept but never due"),
};

export const JobDefinition = z.object(jobDefinitionFields).meta({ id: "JobDefinition" });
export type JobDefinition = z.output<typeof JobDefinition>;

/** A job as written in a file. */
export const NamedJobDefinition = z.object({ id: JobId, ...jobDefinitionFields }).meta({ id: "NamedJobDefinition" });
export type NamedJobDefinition = z.output<typeof NamedJobDefinition>;

/** The fields of a definition, for inputs that embed it. */
export const jobDefinitionShape = jobDefinitionFields;

export const tickOutcomes = ["fired", "skipped", "missed"] as const;

export const Tick = z
  .object({
    jobId: ref("Job", JobId),
    tickKey: TickKey.describe(
      "The due time, event:<id>, events:<id of the first> or manual:<key>: unique within the job",
    ),
    scheduledAt: Time,
    outcome: z.enum(tickOutcomes),
    reason: Reason.nullable(),
    runId: ref("Run").nullable(),
    lateMs: WholeMs,
    missedCount: Count.describe("Earlier ticks that did not fire; for a missed row, the ticks it represents"),
    jobVersion: Count,
    recordedAt: Time,
  })
  .meta({ id: "Tick" });
export type TickRecord = z.output<typeof Tick>;

export const jobStates = ["active", "paused", "finished", "removed"] as const;

export const Job = z
  .object({
    id: JobId,
    version: Count,
    state: z.enum(jobStates),
    definition: JobDefinition,
    pausedReason: Reason.nullable(),
    definedBy: Name,
    source: Name.nullable().describe(
      "The file or other set of jobs that defines it, for the trigger of an agent with its key; null for one defined alone",
    ),
    nextAt: Time.nullable().describe("Its next due time"),
    dueAt: Time.nullable().describe("`nextAt` with jitter; for a job that gathers events, when it fires for them"),
    gatheredCount: Count.describe("Events gathered for its next run"),
    lastTick: Tick.nullable(),
    failing: z
      .object({ since: Time, count: Count, reason: Reason, runId: ref("Run").nullable() })
      .nullable()
      .describe("Since when it fails, or does not succeed, and how often it has failed"),
    activeRunIds: z.array(Id).describe("Its active runs, oldest first, at most 20"),
    updatedAt: Time,
  })
  .meta({ id: "Job" });
export type JobRecord = z.output<typeof Job>;

export const JobVersion = z
  .object({
    jobId: ref("Job", JobId),
    version: Count,
    definition: JobDefinition,
    definedBy: Name,
    definedAt: Time,
    liveRunCount: Count.describe("Its active runs"),
    differences: Differences.describe("Compared with the version before"),
  })
  .meta({ id: "JobVersion" });
export type JobVersionRecord = z.output<typeof JobVersion>;
