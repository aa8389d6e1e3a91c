/** Runs: types and limits. The functions that move a run are in the files beside this one, named after them. */
import type { WaitFilter } from "../groups/wants-event.ts";
import type { JsonFields, JsonValue } from "@roost/base";
import type { Effect } from "@roost/contract";
import type { Labels } from "@roost/contract/labels";
import { pageLimitMax, type Postcondition } from "@roost/contract/operations";
import type { NewQuestion } from "./question.ts";
import type { RetryPolicy, RunBudget, RunError, RunRow, RunState, SessionKind } from "./run-table.ts";

export type { RetryPolicy, RunBudget, RunError, RunState, SessionKind, WaitingFor } from "./run-table.ts";

export type { Effect };
export type TerminalRunState = "done" | "failed" | "cancelled" | "diverged" | "outdated";
/** Limits of a run. Larger content is stored elsewhere and referenced. */
export const runLimits = {
  inputBytesMax: 512 * 1024,
  outputBytesMax: 1024 * 1024,
  stepInputBytesMax: 1024 * 1024,
  stepOutputBytesMax: 4 * 1024 * 1024,
  stepsMax: 10_000,
  /** How deep runs may start runs. */
  depthMax: 16,
  /** Owners lost in a row without a finished step, after which the run fails as a crash loop. */
  stallsMax: 5,
  claimMax: 500,
  createMax: 1_000,
  /** How long the owner of a cancelled run may continue before the kernel ends it. */
  cancelGraceMs: 30_000,
  promptCharsMax: 100_000,
  startLimitKeyCharsMax: 200,
  /** Concurrent runs of a key, and starts of a key in its window. */
  startLimitMax: 1_000,
  rateWindowMsMax: 31 * 24 * 3_600_000,
  /** Events of a partition per pass for waiting runs. */
  eventPassMax: 1_000,
  /** Runs per pass over due, overdue or ended runs. */
  passMax: 200,
  /** A page, and one row more that tells whether another follows. */
  listMax: pageLimitMax + 1,
} as const;

/** Error code of a run that was done without meeting its postconditions. */
export const postconditionUnmet = "postcondition_unmet";

export interface NewRun {
  /** Default: a fresh id. An existing id is refused with `conflict`. */
  id?: string;
  /** Default: `default`. */
  queue?: string | undefined;
  /** What executes it. Default: `agent`. */
  handler?: string;
  /** One line for people: why it runs. */
  reason: string;
  /** One line for people: what it is. */
  title?: string;
  input: JsonFields;
  /** Higher goes first. Default: the parent's, else 0. */
  priority?: number | undefined;
  /** Not before this time. Default: now. */
  startAt?: Date | undefined;
  /** Runs with the same serial key go one at a time, in order of creation. */
  serialKey?: string | undefined;
  /** At most `max` active runs of the key; the others wait, by priority, then age. A run that waits for something else does not count. */
  concurrency?: { key: string; max: number } | undefined;
  /** At most `max` starts of the key in any window of this length; the others wait. Resumed and retried runs do not count again. */
  rateLimit?: { key: string; max: number; windowMs: number } | undefined;
  agent?: string | undefined;
  sessionKey?: string | undefined;
  sessionKind?: SessionKind;
  job?: { id: string; version: number; tickKey: string; scheduledAt?: Date; lateMs?: number; missedCount?: number };
  /** The run that starts this one, proven by its epoch, and the step in which it does: the same step starts it once, or one for each `index`. */
  parent?: Owned & { seq: number; index?: number };
  retry?: Partial<RetryPolicy>;
  /** Time from its claim to its end in one attempt, without declared waits. Default: none. */
  timeoutMs?: number | undefined;
  /** Default: its agent's. */
  budget?: RunBudget | undefined;
  /** What must have happened when it ends as done; otherwise it has failed, whatever its output says. */
  postconditions?: Postcondition[] | undefined;
  isRehearsed?: boolean | undefined;
  /** What a worker must be able to do to claim it. Default: nothing. */
  needs?: string[] | undefined;
  /** The run whose recorded steps it starts with, and the loop version of their journal. */
  continues?: Partial<Pick<RunRow, "retryOf" | "forkedFrom" | "forkedSeq" | "loopVersion">>;
  /** Labels of its cause: it has them from the start, with those of its session. Default: the parent's labels. */
  labels?: Labels | undefined;
  /** The number of a stored set; overrides `labels`. */
  labelSet?: number;
  /** Default: the parent's, else the run's own id. */
  correlation?: string | undefined;
  /** Id of the event that caused this run. */
  causation?: string;
  traceparent?: string | undefined;
}

/** The fence that every write of an owner carries. */
export interface Owned {
  runId: string;
  epoch: number;
}

/** A run as recorded. */
export interface Run extends RunRow {}

/** A run that the caller owns until its epoch passes to another, with the steps recorded so far, by seq. */
export interface ClaimedRun extends Run {
  workerId: string;
  steps: Step[];
}

export type StepState = "intent" | "done" | "failed" | "unknown" | "waiting";

/** What was found out about an effect of unknown outcome. */
export interface StepResolution {
  /** It happened; it was refused; it never happened and is to be done now. */
  outcome: "done" | "failed" | "not_done";
  note: string;
  by: string;
  at: string;
  /** What the step returned, if given. */
  output?: JsonValue;
}

export interface Step {
  runId: string;
  seq: number;
  name: string;
  kind: string;
  effect: Effect;
  state: StepState;
  attempt: number;
  epoch: number;
  idempotencyKey: string;
  inputHash: string;
  input: JsonValue;
  output: JsonValue;
  error: RunError | null;
  usage: JsonValue;
  costUsd: number | null;
  reopened: boolean;
  resolution: StepResolution | null;
  startedAt: Date;
  endedAt: Date | null;
  /** The label set of its result, joined with what was in the context or read before it. */
  labels: number;
}

/** A wait that releases the worker. Of the event kind only events appended after the wait began count. */
export type WaitRequest =
  | { kind: "time"; until: Date }
  | { kind: "event"; eventType: string; filter?: WaitFilter | undefined; until?: Date }
  | { kind: "person"; question: NewQuestion; until?: Date }
  | { kind: "child"; runId: string; until?: Date }
  /** A person must record the outcome of the step at this seq, which is `unknown`. */
  | { kind: "resolution"; prompt: string; until?: Date };

/** Dotted paths into the event's data and required values, e.g. `{ 'mail.isUrgent': true }`. */
export type { WaitFilter };

/** The output of a step that waited. */
export type WaitResult =
  | { kind: "time" }
  | {
      kind: "event";
      event: {
        id: string;
        type: string;
        subject: string | null;
        topic: string;
        partition: number;
        offset: number;
        time: string;
        data: JsonValue;
        labels: string[];
      };
    }
  | { kind: "person"; answer: JsonValue; by: string; questionId: string }
  | {
      kind: "child";
      run: { id: string; state: TerminalRunState; output: JsonValue; error: RunError | null; labels: string[] };
    }
  | { kind: "timed_out"; waitedFor: WaitRequest["kind"] };

const terminalStates: ReadonlySet<RunState> = new Set(["done", "failed", "cancelled", "diverged", "outdated"]);

export function isTerminal(state: RunState): state is TerminalRunState {
  return terminalStates.has(state);
}
