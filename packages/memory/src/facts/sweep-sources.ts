/**
 * What is recorded of a run for corrections (its sources, and facts that it rests on) lives as long as the run or a message of it: so long its words
 * can be read. The retention of runs drops the run, the transcript keeps the message.
 */
import type { SchedulerLoop } from "@roost/kernel";
import type { Memory } from "../memory.ts";

const passMax = 1_000;
const pollMs = 3_600_000;

/** The runs that a pass looks at, in order of their ids: those of one table, behind the last one of the pass before. */
const tables = [
  { name: "run_source", run: "run_id" },
  { name: "fact_dependent where kind = 'run'", run: "ref" },
];

// A fork and a further attempt begin with the steps of another run, and outlive it.
const isGone = `not exists (select 1 from memory.message m where m.run_id = old.id)
  and not exists (select 1 from roost.run_all run where old.id in (run.id, run.forked_from, run.retry_of))`;

/** Looks at up to 1,000 runs after `after`. `next`: where the following pass begins, null at the end. */
export async function sweepSources(
  memory: Memory,
  { after = null }: { after?: string | null | undefined } = {},
): Promise<{ runCount: number; next: string | null }> {
  const { database } = memory.kernel;
  const runs = await database.query<{ id: string; isGone: boolean }>(
    `select old.id::text as id, ${isGone} as "isGone" from (
       select distinct id from (${tables.map(({ name, run }) => `select ${run} as id from memory.${name}`).join(" union all ")}) as named
       where $1::uuid is null or id > $1::uuid order by id limit ${passMax}) as old order by old.id`,
    [after],
  );
  const gone = runs.flatMap((run) => (run.isGone ? [run.id] : []));
  if (gone.length > 0)
    await database.query(
      `with sources as (delete from memory.run_source where run_id = any($1::uuid[]))
       delete from memory.fact_dependent where kind = 'run' and ref = any($1::uuid[])`,
      [gone],
    );
  return { runCount: gone.length, next: runs.length === passMax ? runs.at(-1)!.id : null };
}

/** What a scheduler does for them, handed to runScheduler: one pass an hour. */
export function createSourceLoop(memory: Memory): SchedulerLoop {
  let after: string | null = null;
  return {
    name: "sources of runs",
    channels: () => [],
    pollMs,
    look: async () => {
      after = (await sweepSources(memory, { after })).next;
      return {};
    },
  };
}
