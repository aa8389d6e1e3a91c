/**
 * Time of a living home that leaps from one due moment to the next. It leaps only when nothing is going on, and takes the deadlines
 * of everybody alive along, as if they had renewed them all the while. Whether something goes on is read from the database; wake-ups
 * say when to look again.
 */
import { delay } from "@roost/base";
import type { Database } from "@roost/database";
import { installTestClock } from "@roost/kernel/testing";

export interface Quiet {
  nowMs: number;
  /** The next moment at which something is due by itself. */
  nextMs: number | undefined;
}

export interface SimulatedTime extends AsyncDisposable {
  /** Resolves when no tick is due and no run is ready, queued behind another, or being executed. */
  untilQuiet(): Promise<Quiet>;
  /** The process `hungPid`, if there is one, renews nothing meanwhile. */
  leapTo(ms: number, options?: { hungPid?: number }): Promise<void>;
}

/** Wake-ups are hints: it looks at least this often. */
const lookMs = 250;

/** As a wake-up names the log of runs. */
const endsOfRuns = encodeURIComponent("log:runs");

/** On a migrated database that is not in use yet. */
export async function createSimulatedTime(database: Database, startMs: number): Promise<SimulatedTime> {
  const clock = await installTestClock(database);
  await clock.set(new Date(startMs));
  let woken = new AbortController();
  const listener = await database.listen("roost_wakeup", (payload) => {
    // The end of a run is an event of the log, and an empty payload says that some were lost.
    if (payload !== "" && !payload.split(" ").includes(endsOfRuns)) return;
    woken.abort();
    woken = new AbortController();
  });
  return {
    async untilQuiet() {
      for (;;) {
        // Before the look, so that what happens during it is not slept over.
        const { signal } = woken;
        const { busyCount, ...quiet } = await look(database);
        if (busyCount === 0) return quiet;
        if (!signal.aborted) await delay(lookMs, { signal }).catch(() => undefined);
      }
    },
    leapTo: (ms, { hungPid = 0 } = {}) => leap(database, ms, hungPid),
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

async function look(database: Database): Promise<Quiet & { busyCount: number }> {
  const [row] = await database.query<{ busyCount: number; nowMs: number; nextMs: number | null }>(
    `select
       (select count(*) from roost.run where ended_at is null and (state <> 'waiting' or wake_at <= roost.now()))::int
         + (select count(*) from roost.job where state = 'active' and fire_at <= roost.now())::int as "busyCount",
       (extract(epoch from roost.now()) * 1000)::float8 as "nowMs",
       (extract(epoch from least(
         (select min(fire_at) from roost.job where state = 'active'),
         (select min(wake_at) from roost.run where ended_at is null and state = 'waiting'))) * 1000)::float8 as "nextMs"`,
    [],
    { name: "look" },
  );
  const { busyCount, nowMs, nextMs } = row!;
  return { busyCount, nowMs, nextMs: nextMs ?? undefined };
}

/**
 * The tables are locked, not their rows: a heartbeat that waits for a row would write a deadline of before the leap, one that waits
 * for the table begins anew.
 */
async function leap(database: Database, ms: number, hungPid: number): Promise<void> {
  await database.transact(async (tx) => {
    await tx.query("lock table roost.worker, roost.lock, roost.once in exclusive mode");
    const [row] = await tx.query<{ ms: number }>(
      "select $1::float8 - extract(epoch from roost.now())::float8 * 1000 as ms",
      [ms],
    );
    const leapMs = row!.ms;
    if (leapMs <= 0) return;
    await tx.query(
      `with worker as (update roost.worker set expires_at = expires_at + $1::float8 * interval '1 ms', seen_at = seen_at + $1::float8 * interval '1 ms' where pid <> $2),
         lock as (update roost.lock set expires_at = expires_at + $1::float8 * interval '1 ms' where holder is not null),
         once as (update roost.once set expires_at = expires_at + $1::float8 * interval '1 ms' where state = 'begun')
       update roost.test_clock set "offset" = "offset" + $1::float8 * interval '1 ms'`,
      [leapMs, hungPid],
    );
    await tx.query("select pg_notify('roost_wakeup', 'clock clock')");
  });
}
