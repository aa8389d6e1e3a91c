/** Select lists of steps and questions with their TypeScript names. Runs: run-table.ts. */
// tidy: columns of rows that are read everywhere.

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
const numericFields = new Set(["cost_usd"]);

/** With the texts that it shares with others. */
export function stepColumns(alias: string): string {
  return `${selectList(alias, stepFields)}, roost.with_texts_1(${alias}.output, ${alias}.texts) as "output"`;
}

/** Without an alias, for moving rows between tables. */
export const stepColumnNames: string = [...stepFields, "output", "texts"].join(", ");

/** Questions `q` with the agent and the job of the asking run; conditions follow. */
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
