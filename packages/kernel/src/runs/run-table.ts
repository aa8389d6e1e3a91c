/** The columns of the table of runs, once: row type, select list and insert are derived from them. */
// tidy: the columns, and what is derived from them.
import type { JsonObject, JsonValue } from "@roost/base";
import type { Postcondition, RunState, SessionKind } from "@roost/contract/operations";

export type { RunState, SessionKind };

/** What a waiting run waits for. The kernel sets `start` and `retry`; the others are declared waits. */
export type WaitingFor = "start" | "retry" | "time" | "event" | "person" | "child" | "resolution" | "slot" | "rate";

/** Why a run or a step failed. */
export interface RunError {
  code: string;
  message: string;
  /** False: it will fail again, do not retry. Default: true. */
  isRetryable?: boolean;
  /** When a retry makes sense, in ms since the epoch. */
  retryAtMs?: number | undefined;
  details?: JsonValue | undefined;
}

/** What happens after a failure: the n-th retry waits `backoffMs * backoffFactor^(n-1)`, at most `backoffMsMax`, varied by up to 20 %. */
export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  attemptsMax: number;
  backoffMs: number;
  backoffFactor: number;
  backoffMsMax: number;
}

/** A run's own caps, shared with its child runs. */
export interface RunBudget {
  usdMax?: number | undefined;
  tokensMax?: number | undefined;
  callsMax?: number | undefined;
}

type SqlType = "text" | "text[]" | "uuid" | "integer" | "bigint" | "numeric" | "boolean" | "jsonb" | "timestamptz";

interface Column<Value> {
  /** In SQL. */
  name: string;
  type: SqlType;
  /** Never set: carries the type of the values. */
  value?: Value;
}

function column<Value>(name: string, type: SqlType): Column<Value> {
  return { name, type };
}

/** In table order, by their TypeScript names. Columns used by SQL only (limits_passed, rate_passed_at, deadline_left_ms, key_hash) are not here. */
const runTable = {
  id: column<string>("id", "uuid"),
  queue: column<string>("queue", "text"),
  handler: column<string>("handler", "text"),
  state: column<RunState>("state", "text"),
  priority: column<number>("priority", "integer"),
  readyAt: column<Date | null>("ready_at", "timestamptz"),
  wakeAt: column<Date | null>("wake_at", "timestamptz"),
  waitingFor: column<WaitingFor | null>("waiting_for", "text"),
  epoch: column<number>("epoch", "bigint"),
  workerId: column<string | null>("worker_id", "uuid"),
  serialKey: column<string | null>("serial_key", "text"),
  serialSeq: column<number | null>("serial_seq", "bigint"),
  holdsSerialKey: column<boolean>("holds_serial_key", "boolean"),
  agent: column<string | null>("agent", "text"),
  /** The version of its agent's definition that it started with and keeps; null: not defined. */
  agentVersion: column<number | null>("agent_version", "integer"),
  sessionKey: column<string | null>("session_key", "text"),
  sessionKind: column<SessionKind | null>("session_kind", "text"),
  jobId: column<string | null>("job_id", "text"),
  jobVersion: column<number | null>("job_version", "integer"),
  tickKey: column<string | null>("tick_key", "text"),
  scheduledAt: column<Date | null>("scheduled_at", "timestamptz"),
  lateMs: column<number | null>("late_ms", "bigint"),
  missedCount: column<number | null>("missed_count", "integer"),
  parentRunId: column<string | null>("parent_run_id", "uuid"),
  parentSeq: column<number | null>("parent_seq", "integer"),
  /** Which of the children of that step it is; null: the only one. */
  parentIndex: column<number | null>("parent_index", "integer"),
  depth: column<number>("depth", "integer"),
  /** The run whose recorded steps this one repeats. */
  retryOf: column<string | null>("retry_of", "uuid"),
  title: column<string | null>("title", "text"),
  reason: column<string>("reason", "text"),
  input: column<JsonObject>("input", "jsonb"),
  output: column<JsonValue>("output", "jsonb"),
  error: column<RunError | null>("error", "jsonb"),
  attempt: column<number>("attempt", "integer"),
  attemptsMax: column<number>("attempts_max", "integer"),
  retry: column<RetryPolicy>("retry", "jsonb"),
  stallCount: column<number>("stall_count", "integer"),
  timeoutMs: column<number | null>("timeout_ms", "bigint"),
  deadlineAt: column<Date | null>("deadline_at", "timestamptz"),
  cancelRequestedAt: column<Date | null>("cancel_requested_at", "timestamptz"),
  cancelReason: column<string | null>("cancel_reason", "text"),
  cancelBy: column<string | null>("cancel_by", "text"),
  budget: column<RunBudget>("budget", "jsonb"),
  costUsd: column<number>("cost_usd", "numeric"),
  tokens: column<number>("tokens", "bigint"),
  usdReserved: column<number>("usd_reserved", "numeric"),
  tokensReserved: column<number>("tokens_reserved", "bigint"),
  /** Model calls reserved so far. */
  callCount: column<number>("call_count", "integer"),
  /** Unsettled reservations. */
  reservationCount: column<number>("reservation_count", "integer"),
  isRehearsed: column<boolean>("is_rehearsed", "boolean"),
  correlation: column<string>("correlation", "text"),
  causation: column<string | null>("causation", "text"),
  traceparent: column<string | null>("traceparent", "text"),
  /** The event that caused the current state. */
  causeId: column<string>("cause_id", "text"),
  createdAt: column<Date>("created_at", "timestamptz"),
  startedAt: column<Date | null>("started_at", "timestamptz"),
  claimedAt: column<Date | null>("claimed_at", "timestamptz"),
  endedAt: column<Date | null>("ended_at", "timestamptz"),
  /** Postconditions. */
  postconditions: column<Postcondition[] | null>("postconditions", "jsonb"),
  /** The start limits that it passes before it is ready, by name. */
  slot: column<string | null>("slot", "text"),
  rate: column<string | null>("rate", "text"),
  /** The run whose recorded steps before `forkedSeq` it started with. */
  forkedFrom: column<string | null>("forked_from", "uuid"),
  forkedSeq: column<number | null>("forked_seq", "integer"),
  /** Its label set: the join of all that it has read so far. */
  labels: column<number>("labels", "integer"),
  /** The loop version of its journal; null until it is claimed. */
  loopVersion: column<number | null>("loop_version", "integer"),
  /** What a worker must be able to do to claim it. */
  needs: column<string[] | null>("needs", "text[]"),
} as const;

type RunTable = typeof runTable;
type ValueOf<Of> = Of extends Column<infer Value> ? Value : never;

/** A row of the table of runs. */
export type RunRow = { -readonly [Name in keyof RunTable]: ValueOf<RunTable[Name]> };

const columns = Object.entries<Column<unknown>>(runTable);

/** The select list of runs; with a prefix before each name. */
export function runColumns(alias: string, prefix = ""): string {
  return selectList(alias, columns, prefix);
}

/** Without input and output, which can be large. */
export function runHeadColumns(alias: string): string {
  return selectList(
    alias,
    columns.filter(([name]) => name !== "input" && name !== "output"),
  );
}

/** What is decided of a new run before it is inserted; `startAt`: not before this time; `keyHash`: of its id. */
export type RunInsert = { [Name in keyof RunRow]?: RunRow[Name] | undefined } & {
  keyHash: number;
  startAt: Date | undefined;
};

/** With the names of columns, without those that are not set. */
export function toInsert({ keyHash, startAt, ...row }: RunInsert): Record<string, unknown> {
  const named = Object.entries(row).map(([name, value]) => [runTable[name as keyof RunTable].name, value] as const);
  const set = [...named, ["key_hash", keyHash] as const, ["start_at", startAt] as const];
  return Object.fromEntries(set.filter(([, value]) => value !== undefined && value !== null));
}

function selectList(alias: string, chosen: [string, Column<unknown>][], prefix = ""): string {
  return chosen
    .map(
      ([name, { name: inSql, type }]) =>
        `${alias}.${inSql}${type === "numeric" ? "::float8" : ""} as "${prefix}${name}"`,
    )
    .join(", ");
}
