/** Runs: list, show, watch, cancel, retry, fork, replay and resolve. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { decidingKinds } from "../principal.ts";
import { CausalNode, Event } from "../records/event.ts";
import {
  Count,
  Cursor,
  Json,
  JsonFields,
  Name,
  pageFields,
  pageOf,
  Reason,
  SessionKey,
  SessionKind,
  Slug,
  SmallCount,
  Text,
  Usd,
  ref,
} from "../records/fields.ts";
import { Budget } from "../records/job.ts";
import { pageLimitMax } from "../records/limits.ts";
import { ReplayReport } from "../records/replay.ts";
import { Run, RunState, RunSummary, Step, stepOutcomes, StepSpan, Wait } from "../records/run.ts";

const runId = ref("Run").describe("Id of a run");

export const listRuns = defineOperation({
  id: "listRuns",
  method: "GET",
  path: "/runs",
  summary: "Runs, newest first",
  input: z.object({
    ...pageFields,
    ids: z.array(ref("Run")).max(pageLimitMax).optional().describe("Only these"),
    state: z.array(RunState).max(8).optional(),
    jobId: ref("Job", Slug).optional(),
    sessionKey: ref("Session", SessionKey).optional(),
    sessionKind: SessionKind.optional(),
    parentRunId: ref("Run").optional(),
  }),
  output: pageOf(RunSummary),
  errors: ["not_found"],
  effect: "readonly",
});

export const getRun = defineOperation({
  id: "getRun",
  method: "GET",
  path: "/runs/{runId}",
  summary: "A run with its steps and what it waits for",
  input: z.object({
    ...pageFields,
    runId,
    limit: pageFields.limit.default(200).describe("Number of steps in the page"),
  }),
  output: z.object({
    run: Run,
    steps: pageOf(Step),
    waits: z.array(Wait),
    holds: z.array(z.string()).describe("Locks that it holds"),
    below: z
      .object({ runCount: Count, costUsd: Usd, tokens: Count })
      .describe("Spending of the runs that it started, directly or indirectly; they share its caps"),
  }),
  errors: ["not_found"],
  effect: "readonly",
});

/** Runs whose steps are read at once; their ids have to fit into an address. */
export const spanRunsMax = 200;
/** Steps of one run in such a list: the newest. */
export const spansPerRunMax = 200;

export const readStepSpans = defineOperation({
  id: "readStepSpans",
  method: "GET",
  path: "/steps",
  summary: "When the steps of several runs began and ended",
  description: `Of each run the newest ${spansPerRunMax}, in order.`,
  input: z.object({ runIds: z.array(ref("Run")).min(1).max(spanRunsMax) }),
  output: z.object({ items: z.array(StepSpan) }),
  errors: ["not_found"],
  effect: "readonly",
  access: { scope: "runs:read" },
});

export const cancelRun = defineOperation({
  id: "cancelRun",
  method: "POST",
  path: "/runs/{runId}/cancel",
  summary: "Cancels a run and its children",
  description: "A run that is being executed ends when its worker learns of it: the answer is then `requested`.",
  input: z.object({ runId, reason: Reason.optional() }),
  output: z.object({ outcome: z.enum(["cancelled", "requested", "already_over"]), run: RunSummary }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const retryRun = defineOperation({
  id: "retryRun",
  method: "POST",
  path: "/runs/{runId}/retry",
  summary: "Resumes a failed, cancelled or diverged run after its last finished step",
  input: z.object({
    runId,
    reason: Reason.optional(),
    budget: Budget.optional().describe("Caps of what follows, instead of those it had; of a person only"),
  }),
  output: z.object({ run: RunSummary }),
  errors: ["not_found", "conflict", "forbidden"],
  effect: "idempotent",
});

export const forkRun = defineOperation({
  id: "forkRun",
  method: "POST",
  path: "/runs/{runId}/fork",
  summary: "Starts a new run from the recorded steps of this one before a step",
  description: "No earlier step is executed again; later ones have new idempotency keys.",
  input: z.object({
    runId,
    fromSeq: SmallCount.min(1).describe("The first step to execute again"),
    input: JsonFields.optional().describe("Fields of the run's input to replace"),
    reason: Reason.optional(),
  }),
  output: z.object({ run: RunSummary }),
  errors: ["not_found", "conflict"],
  effect: "unsafe",
});

export const replayRun = defineOperation({
  id: "replayRun",
  method: "POST",
  path: "/runs/{runId}/replay",
  summary: "Whether the agent, its job and today's Roost would do the same as the run",
  description:
    "Executes the run against its own records, in a process without write access: every step is answered from the record, " +
    "no model or tool is called, and neither the run nor the home changes.",
  input: z.object({
    runId,
    fromSeq: SmallCount.min(1)
      .optional()
      .describe("Answer only the steps before this one, then describe the next request. Default: all"),
  }),
  output: ReplayReport,
  errors: ["not_found", "conflict", "limit_exceeded", "timeout", "unavailable"],
  effect: "readonly",
  needs: "home",
});

export const resolveStep = defineOperation({
  id: "resolveStep",
  method: "POST",
  path: "/runs/{runId}/steps/{seq}/resolve",
  summary: "Records the outcome of an effect that is unknown",
  input: z.object({
    runId,
    seq: SmallCount.describe("Number of the step in its run"),
    outcome: z
      .enum(stepOutcomes)
      .describe("done: it happened; failed: it was refused; not_done: it never happened, run it again"),
    note: Reason.optional(),
    output: Json.optional(),
  }),
  output: z.object({ step: Step, run: RunSummary }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  access: { audience: decidingKinds, isDecision: true },
});

export const RunUpdate = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("text"),
      runId: ref("Run"),
      text: Text.describe("The next part of the model's text; not repeated after a reconnect"),
    }),
    z.object({
      kind: z.literal("remark"),
      runId: ref("Run"),
      text: Text.describe("News for a waiting person, such as a model that is silent; not repeated after a reconnect"),
    }),
    z.object({
      kind: z.literal("output"),
      runId: ref("Run"),
      step: Name.describe("Of the tool that writes, as in `tool:exec#2`"),
      text: Text.describe("What a program has written so far; the step has all of it. Not repeated after a reconnect"),
    }),
    z.object({ kind: z.literal("event"), event: Event }),
    z.object({ kind: z.literal("over"), run: Run.describe("With its output: nothing is left to ask for") }),
  ])
  .meta({ id: "RunUpdate" });
export type RunUpdate = z.output<typeof RunUpdate>;

export const watchRun = defineOperation({
  id: "watchRun",
  method: "GET",
  path: "/runs/{runId}/watch",
  summary: "A live stream of a run; ends with the run",
  description: "Each item is named after its kind. Starts with the run's first event unless `after` is given.",
  input: z.object({ runId, after: Cursor.optional() }),
  output: RunUpdate,
  errors: ["not_found"],
  effect: "readonly",
  stream: true,
});

export const explainRun = defineOperation({
  id: "explainRun",
  method: "GET",
  path: "/runs/{runId}/why",
  summary: "Why a run ran, and what it caused",
  input: z.object({
    runId,
    limit: pageFields.limit.default(200).describe("Most effects"),
    after: pageFields.after.describe("`next` of the page before: further effects"),
  }),
  output: z.object({
    run: RunSummary,
    why: Reason,
    causes: z.array(CausalNode).describe("From the first cause to the run, each the parent of the next"),
    effects: pageOf(CausalNode).describe("Its effects, parents before children"),
    isCut: z.boolean().describe("Whether there are more effects"),
  }),
  errors: ["not_found"],
  effect: "readonly",
});

export const runOperations = [
  listRuns,
  getRun,
  readStepSpans,
  cancelRun,
  retryRun,
  forkRun,
  replayRun,
  resolveStep,
  watchRun,
  explainRun,
] as const;
