/**
 * What a run is, how one is asked for, and what its owner holds. Types and limits only: the functions that move a run
 * stand in the files beside this one, each named after its function.
 */
import type { WaitFilter } from "../groups/wants-event.ts";
import type { JsonObject, JsonValue } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import { pageLimitMax, type Postcondition } from "@roost/contract/operations";
import type { NewQuestion } from "./question.ts";
import type { RetryPolicy, RunBudget, RunError, RunRow, RunState, SessionKind } from "./run-table.ts";

export type { RetryPolicy, RunBudget, RunError, RunState, SessionKind, WaitingFor } from "./run-table.ts";

export type TerminalRunState = "done" | "failed" | "cancelled" | "diverged" | "outdated";
/** Every number that bounds a run. A caller that needs more stores the bytes elsewhere and records a reference. */
export const runLimits = {
  inputBytesMax: 512 * 1024,
  outputBytesMax: 1024 * 1024,
  stepInputBytesMax: 1024 * 1024,
  stepOutputBytesMax: 4 * 1024 * 1024,
  stepsMax: 10_000,
  /** How deep runs start runs. */
  depthMax: 16,
  /** Owners lost in a row without a finished step, after which the run fails as a crash loop. */
  stallsMax: 5,
  claimMax: 500,
  createMax: 1_000,
  /** How long the owner of a cancelled run may go on before the run is ended over its head. */
  cancelGraceMs: 30_000,
  promptCharsMax: 100_000,
  startLimitKeyCharsMax: 200,
  /** Runs of a key at once, and starts of a key in its window. */
  startLimitMax: 1_000,
  rateWindowMsMax: 31 * 24 * 3_600_000,
  /** How many events one pass over those that runs wait for reads of a partition. */
  eventPassMax: 1_000,
  /** How many runs one pass over due, overdue or ended runs touches. */
  passMax: 200,
  /** A page, and the one row more by which it is known that another follows. */
  listMax: pageLimitMax + 1,
} as const;

/** Code of the error of a run that was done without having done what it had declared. */
export const postconditionUnmet = "postcondition_unmet";

export interface NewRun {
  /** Default: a fresh id. An id that exists already is refused with `conflict`. */
  id?: string;
  /** Default: `default`. */
  queue?: string;
  /** What executes it. Default: `agent`. */
  handler?: string;
  /** One line for people: why this runs. */
  reason: string;
  /** One line for people: what this is. */
  title?: string;
  input: JsonObject;
  /** Higher goes first. Default: the parent's, else 0. */
  priority?: number;
  /** Not before this moment. Default: now. */
  startAt?: Date;
  /** Runs of a serial key go one at a time, in the order of their creation. */
  serialKey?: string;
  /** At most `max` runs of the key at once; the others wait, by priority, then age. A run that waits for something else does not count. */
  concurrency?: { key: string; max: number };
  /** At most `max` starts of the key in any window of this length; the others wait. What goes on or is tried again does not count again. */
  rateLimit?: { key: string; max: number; windowMs: number };
  agent?: string;
  sessionKey?: string;
  sessionKind?: SessionKind;
  job?: { id: string; version: number; tickKey: string; scheduledAt?: Date; lateMs?: number; missedCount?: number };
  /** The run that starts this one, proven by its epoch, and the step in which it does: the same step starts it once. */
  parent?: Owned & { seq: number };
  retry?: Partial<RetryPolicy>;
  /** Time from its first claim to its end in one attempt, without declared waits. Default: none. */
  timeoutMs?: number;
  /** Default: that of its agent. */
  budget?: RunBudget | undefined;
  /** What must have happened when it ends as done; else it has failed, whatever its output says. */
  postconditions?: Postcondition[];
  isRehearsed?: boolean;
  /** What a worker must be able to do to claim it. Default: nothing. */
  needs?: string[];
  /** The run whose recorded steps it begins with, and the loop that began their journal. */
  continues?: Partial<Pick<RunRow, "retryOf" | "forkedFrom" | "forkedSeq" | "loopVersion">>;
  /** Of what caused it: it is marked with them from the start, and with those of its session. Default: the parent's labels. */
  labels?: Labels;
  /** The same as the number of a stored set; it goes before `labels`. */
  labelSet?: number;
  /** Default: the parent's, else the run's own id. */
  correlation?: string;
  /** Id of the event that led to this run. */
  causation?: string;
  traceparent?: string;
}

/** The fence that every write of an owner carries. */
export interface Owned {
  runId: string;
  epoch: number;
}

/** A run as it is recorded. */
export interface Run extends RunRow {}

/** A run that the caller owns until its epoch passes to another, with the steps recorded so far, by seq. */
export interface ClaimedRun extends Run {
  workerId: string;
  steps: Step[];
}

export type Effect = "readonly" | "idempotent" | "queryable" | "unsafe";
export type StepState = "intent" | "done" | "failed" | "unknown" | "waiting";

/** What somebody found out about an effect whose outcome was unknown. */
export interface StepResolution {
  /** It happened; it was refused; it never happened and is to be done now. */
  outcome: "done" | "failed" | "not_done";
  note: string;
  by: string;
  at: string;
  /** What the step returned, when it was said. */
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
  /** The set of labels of its result, joined with what stood in the context or was read before it. */
  labels: number;
}

/** A wait that gives the worker back. Of the event kind only events appended after the wait began count. */
export type WaitRequest =
  | { kind: "time"; until: Date }
  | { kind: "event"; eventType: string; filter?: WaitFilter; until?: Date }
  | { kind: "person"; question: NewQuestion; until?: Date }
  | { kind: "child"; runId: string; until?: Date }
  /** Somebody must say what became of the step at this seq, which is `unknown`. */
  | { kind: "resolution"; prompt: string; until?: Date };

/** Dotted paths into the event's data and the value each must have, e.g. `{ 'mail.isUrgent': true }`. */
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
