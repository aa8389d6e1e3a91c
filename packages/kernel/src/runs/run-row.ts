/** How rows of run, step and question are read: the select lists that give them their TypeScript names. */
// tidy: columns of the rows that are read everywhere.

const runFields = [
  "id",
  "queue",
  "handler",
  "state",
  "priority",
  "ready_at",
  "wake_at",
  "waiting_for",
  "epoch",
  "worker_id",
  "lane",
  "lane_seq",
  "lane_held",
  "agent",
  "agent_version",
  "loop_version",
  "session_key",
  "session_kind",
  "job_id",
  "job_version",
  "tick_key",
  "scheduled_at",
  "late_ms",
  "missed_count",
  "parent_run_id",
  "parent_seq",
  "depth",
  "retry_of",
  "title",
  "reason",
  "input",
  "output",
  "error",
  "attempt",
  "attempts_max",
  "retry",
  "stall_count",
  "timeout_ms",
  "deadline_at",
  "cancel_requested_at",
  "cancel_reason",
  "cancel_by",
  "budget",
  "usd_spent",
  "tokens_spent",
  "usd_reserved",
  "tokens_reserved",
  "call_count",
  "reservation_count",
  "rehearsal",
  "correlation",
  "causation",
  "traceparent",
  "cause_id",
  "created_at",
  "started_at",
  "claimed_at",
  "ended_at",
  "postconditions",
  "slot",
  "rate",
  "forked_from",
  "forked_seq",
  "labels",
];
const stepFields = [
  "run_id",
  "seq",
  "name",
  "kind",
  "effect",
  "state",
  "attempt",
  "epoch",
  "idempotency_key",
  "input_hash",
  "input",
  "output",
  "error",
  "usage",
  "cost_usd",
  "reopened",
  "resolution",
  "started_at",
  "ended_at",
  "labels",
];
const questionFields = [
  "id",
  "run_id",
  "seq",
  "kind",
  "prompt",
  "choices",
  "details",
  "asked_at",
  "expires_at",
  "state",
  "answer",
  "answered_by",
  "answered_at",
];
const numericFields = new Set(["usd_spent", "usd_reserved", "cost_usd"]);

export function runColumns(alias: string): string {
  return selectList(alias, runFields);
}

/** Without input and output, which can be large. */
export function runHeadColumns(alias: string): string {
  return selectList(
    alias,
    runFields.filter((field) => field !== "input" && field !== "output"),
  );
}

export function stepColumns(alias: string): string {
  return selectList(alias, stepFields);
}

/** Without an alias, as they are moved from one table to another. */
export const stepColumnNames: string = stepFields.join(", ");

/** Questions `q` with the agent and the job of the run that asks; conditions follow. */
export const questionQuery = `select ${selectList("q", questionFields)}, asking.agent, asking.job_id as "jobId"
  from roost.question q left join lateral (select agent, job_id from roost.run_all where id = q.run_id) asking on true`;

function selectList(alias: string, fields: string[]): string {
  return fields
    .map((field) => `${alias}.${field}${numericFields.has(field) ? "::float8" : ""} as "${camelCase(field)}"`)
    .join(", ");
}

function camelCase(field: string): string {
  return field.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
