/** What must be true when everything is still, whatever happened before: the promises, against the record and the world outside. */
import type { Database } from "@roost/database";
import { readLag } from "@roost/kernel";
import { findViolations } from "../../packages/kernel/src/testing/check-runs.ts";
import { chaosGroup, chaosTopic } from "./chaos-events.ts";
import { keyedEffectsOf, readChaosProgram } from "./chaos-program.ts";
import type { EffectServer } from "./effect-server.ts";

export interface ChaosCount {
  eventCount: number;
  acknowledgedCount: number;
  tickCount: number;
  runs: Record<string, number>;
  keyedCount: number;
  /** Requests that repeated a keyed effect, and did nothing. */
  keyedRepeats: number;
  plainCount: number;
  unknownCount: number;
  /** Why runs failed, with how many did. */
  failures: Record<string, number>;
}

export interface Checked {
  violations: string[];
  count: ChaosCount;
}

interface StepRow {
  runId: string;
  effect: string;
  state: string;
  key: string;
  effectId: string | null;
  answer: number | null;
}

interface RunRow {
  id: string;
  state: string;
  input: { program?: never; prompt?: never };
  error: { message?: string } | null;
}

export async function checkChaos(
  database: Database,
  world: EffectServer,
  submitted: ReadonlySet<string>,
): Promise<Checked> {
  const runs = await database.query<RunRow>("select id, state, input, error from roost.run_all");
  const steps = await database.query<StepRow>(
    `select run_id as "runId", effect, state, idempotency_key as key, input ->> 'effectId' as "effectId",
       (output ->> 'performed')::int as answer from roost.step_all`,
  );
  const eventIds = await database.query<{ id: string; count: number }>(
    "select id, count(*)::int as count from roost.event where type = 'note.written' group by id",
  );
  const violations = [
    ...(await findViolations(database, { isStill: true })),
    ...(await checkLog(database)),
    ...checkNotes(eventIds, world.acknowledged),
    ...(await checkReaders(database)),
    ...(await checkTicks(database)),
    ...checkRuns(runs, submitted),
    ...checkKeyed(runs, steps, world),
    ...checkPlain(steps, world),
  ];
  return { violations, count: await countAll(database, world, { runs, steps }) };
}

/** Offsets of every partition are 0, 1, 2 … up to the head. */
async function checkLog(database: Database): Promise<string[]> {
  const rows = await database.query<{ what: string }>(
    `select 'offsets of ' || h.topic || '/' || h.partition || ' are not dense: ' || count(e) || ' events, last ' || max(e."offset") || ', head ' || h.next_offset as what
     from roost.partition_head h left join roost.event e using (topic, partition)
     group by h.topic, h.partition, h.next_offset
     having h.next_offset <> count(e) or coalesce(max(e."offset") + 1, 0) <> h.next_offset`,
  );
  return rows.map((row) => row.what);
}

function checkNotes(rows: { id: string; count: number }[], acknowledged: ReadonlySet<string>): string[] {
  const there = new Map(rows.map((row) => [row.id, row.count]));
  return [
    ...[...acknowledged].filter((id) => !there.has(id)).map((id) => `acknowledged and lost: event ${id}`),
    ...rows.filter((row) => row.count > 1).map((row) => `event ${row.id} is there ${row.count} times`),
  ];
}

/** Every event of the topic took effect once in the group that counts them. */
async function checkReaders(database: Database): Promise<string[]> {
  const lag = await readLag(database, { group: chaosGroup, topics: [chaosTopic] });
  const rows = await database.query<{ what: string }>(
    `select 'event ' || e.id || ' took effect ' || count(s.id) || ' times' as what
     from roost.event e left join chaos.seen s using (id) where e.topic = $1 group by e.id, e.partition, e."offset" having count(s.id) <> 1`,
    [chaosTopic],
  );
  return [
    ...lag
      .filter((each) => each.lagCount > 0)
      .map((each) => `readers stand ${each.lagCount} events behind in partition ${each.partition}`),
    ...rows.map((row) => row.what),
  ];
}

/** Each moment of each job has one row; a row that fired has one run and one event, any other says why. */
async function checkTicks(database: Database): Promise<string[]> {
  const rows = await database.query<{ what: string }>(
    `with stated as (
       select t.*, lag(coalesce(t.until, t.scheduled_at)) over (partition by t.job_id order by t.scheduled_at) as before from roost.tick t
     )
     select 'job ' || job_id || ': between ' || before || ' and ' || scheduled_at || ' lies not one second' as what
     from stated where scheduled_at - before <> interval '1 second'
     union all
     select 'tick ' || t.job_id || ' ' || t.tick_key || ' has ' || count(r.id) || ' runs' from roost.tick t
     left join roost.run_all r on r.job_id = t.job_id and r.tick_key = t.tick_key
     group by t.job_id, t.tick_key, t.outcome having count(r.id) <> case t.outcome when 'fired' then 1 else 0 end
     union all
     select 'tick ' || t.job_id || ' ' || t.tick_key || ' stands ' || count(e.id) || ' times in the log' from roost.tick t
     left join roost.event e on e.id = t.event_id group by t.job_id, t.tick_key having count(e.id) <> 1
     union all
     select 'tick ' || t.job_id || ' ' || t.tick_key || ' is ' || t.outcome || ' and does not say why' from roost.tick t
     where t.outcome <> 'fired' and t.reason is null`,
  );
  return rows.map((row) => row.what);
}

/** Every acknowledged run is ended; nothing ends in a way that no fault explains. */
function checkRuns(runs: RunRow[], submitted: ReadonlySet<string>): string[] {
  const known = new Set(runs.map((run) => run.id));
  const explained = /^(crash loop|the world refused)/;
  return [
    ...[...submitted].filter((id) => !known.has(id)).map((id) => `acknowledged and lost: run ${id}`),
    ...runs.filter((run) => !["done", "failed"].includes(run.state)).map((run) => `run ${run.id} is ${run.state}`),
    ...runs
      .filter((run) => run.state === "failed" && !explained.test(run.error?.message ?? ""))
      .map((run) => `run ${run.id} failed without a fault to explain it: ${run.error?.message}`),
  ];
}

/** A keyed effect has one key for good, so its receiver does it once; a step that is done has done it, and knows the first answer. */
function checkKeyed(runs: RunRow[], steps: StepRow[], world: EffectServer): string[] {
  const doneEffects = runs
    .filter((run) => run.state === "done")
    .flatMap((run) => keyedEffectsOf(readChaosProgram(run.input)));
  return [
    ...[...world.keyed]
      .filter(([, effect]) => effect.keys.size !== 1)
      .map(([id, effect]) => `keyed effect ${id} came under ${effect.keys.size} keys: ${[...effect.keys].join(", ")}`),
    ...doneEffects
      .filter((id) => !world.keyed.has(id))
      .map((id) => `keyed effect ${id} of a run that is done never happened`),
    ...steps
      .filter((step) => step.effect === "idempotent" && step.effectId !== null && step.state === "done")
      .filter((step) => world.keyed.get(step.effectId!)?.answer !== step.answer)
      .map((step) => `step ${step.key} recorded another answer than its effect ${step.effectId} gave`),
  ];
}

/** An effect without a key happens once, or not at all; where that is unknown, the record says so. */
function checkPlain(steps: StepRow[], world: EffectServer): string[] {
  const recorded = new Map(
    steps.filter((step) => step.effect === "unsafe" && step.effectId !== null).map((step) => [step.effectId!, step]),
  );
  const wrong = [...recorded].flatMap(([id, step]) => {
    const count = world.plain.get(id) ?? 0;
    const isRight = step.state === "unknown" || count === (step.state === "done" ? 1 : 0);
    return isRight ? [] : [`plain effect ${id} happened ${count} times and is recorded as ${step.state}`];
  });
  return [
    ...wrong,
    ...[...world.plain]
      .filter(([, count]) => count > 1)
      .map(([id, count]) => `plain effect ${id} happened ${count} times`),
    ...[...world.plain.keys()]
      .filter((id) => !recorded.has(id))
      .map((id) => `plain effect ${id} happened and is not recorded`),
  ];
}

async function countAll(
  database: Database,
  world: EffectServer,
  { runs, steps }: { runs: RunRow[]; steps: StepRow[] },
): Promise<ChaosCount> {
  const [row] = await database.query<{ events: number; ticks: number }>(
    "select (select count(*)::int from roost.event) as events, (select count(*)::int from roost.tick) as ticks",
  );
  const tally = (items: string[]) =>
    Object.fromEntries([...Map.groupBy(items, (item) => item)].map(([item, all]) => [item, all.length]));
  const repeats = [...world.keyed.values()].reduce((sum, effect) => sum + effect.requestCount - 1, 0);
  return {
    eventCount: row?.events ?? 0,
    acknowledgedCount: world.acknowledged.size,
    tickCount: row?.ticks ?? 0,
    runs: tally(runs.map((run) => run.state)),
    keyedCount: world.keyed.size,
    keyedRepeats: repeats,
    plainCount: world.plain.size,
    unknownCount: steps.filter((step) => step.state === "unknown").length,
    failures: tally(runs.filter((run) => run.state === "failed").map((run) => (run.error?.message ?? "").slice(0, 40))),
  };
}
