/** Promise: a finished step never runs again, a keyed effect happens once, any other once or visibly unknown. */
import type { Sql } from "@roost/database";
import type { World } from "./world.ts";
import type { History } from "./history.ts";

interface StepRow {
  key: string;
  effect: string;
  state: string;
  runState: string;
}

export async function findEffectViolations(sql: Sql, world: World, history: History): Promise<string[]> {
  const steps = await sql.query<StepRow>(
    `select s.idempotency_key as key, s.effect, s.state, r.state as "runState"
     from roost.step_all s join roost.run_all r on r.id = s.run_id where s.kind in ('tool', 'model')`,
  );
  const byKey = Map.groupBy(steps, (step) => step.key);
  return [
    ...world.keys().flatMap((key) => (key.startsWith("once:") ? [] : judgePerformed(key, byKey.get(key) ?? [], world))),
    ...steps.flatMap((step) => judgeRecorded(step, world)),
    ...(await judgeCreated(sql, history)),
    ...(await judgeSpent(sql, world)),
  ];
}

/** What was really spent is counted: an agent never spends more than the books say, and the books keep to its caps. */
async function judgeSpent(sql: Sql, world: World): Promise<string[]> {
  const rows = await sql.query<{ agent: string; spent: number }>(
    `select substr(scope, 7) as agent, (cost_usd * 1e6)::bigint as spent from roost.spend
     where scope like 'agent:%' and time_window = 'total'`,
  );
  const counted = new Map(rows.map((row) => [row.agent, row.spent]));
  return [...world.spent]
    .filter(([agent, spent]) => spent > (counted.get(agent) ?? 0))
    .map(([agent, spent]) => `${agent} spent ${spent / 1e6} USD and ${(counted.get(agent) ?? 0) / 1e6} are counted`);
}

function judgePerformed(key: string, steps: StepRow[], world: World): string[] {
  const [step] = steps;
  if (step === undefined) return [`the effect ${key} was performed and no step says so`];
  const count = world.countOf(key);
  if (step.effect === "readonly") return [];
  const countMax = step.effect === "unsafe" ? world.allowanceOf(key) : 1;
  return count > countMax ? [`the ${step.effect} effect ${key} was performed ${count} times`] : [];
}

/** What is recorded as done was done: no outcome is invented. */
function judgeRecorded(step: StepRow, world: World): string[] {
  if (step.state === "done" && world.countOf(step.key) === 0)
    return [`the step ${step.key} is recorded as done and never happened`];
  return [];
}

/** Acknowledged runs are there; one key makes one run. */
async function judgeCreated(sql: Sql, { created }: History): Promise<string[]> {
  const rows = await sql.query<{ id: string; title: string | null; retryOf: string | null }>(
    `select id, title, retry_of as "retryOf" from roost.run_all`,
  );
  const present = new Set(rows.map((row) => row.id));
  const keyed = Map.groupBy(
    rows.filter((row) => row.title?.startsWith("key ") && row.retryOf === null),
    (row) => row.title,
  );
  return [
    ...[...created.keys()].filter((id) => !present.has(id)).map((id) => `an acknowledged run is gone: ${id}`),
    ...[...keyed.values()]
      .filter((runs) => runs.length > 1)
      .map((runs) => `the idempotency key "${runs[0]!.title}" made ${runs.length} runs`),
  ];
}
