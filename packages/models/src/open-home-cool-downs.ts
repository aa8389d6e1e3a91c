/**
 * Cool-downs that all processes of a home share: a provider that refuses one worker is not asked by the others either. They are read from memory,
 * so that a call of a model costs no statement; changes are told by a wake-up, and a lost one costs one call at most.
 */
import { createMemoryCoolDowns, type CoolDown, type CoolDownStore } from "@roost/agent";
import type { Kernel } from "@roost/kernel";
import { openModelDecisions } from "./decide-model.ts";

const channel = "cool-downs";
/** What ended so long ago says nothing of the next failure. */
const keptMs = 7 * 86_400_000;
const countMax = 1_000;

/** Reads what is known and follows it from then on. A home whose settings name its models makes no decision, so the tables may be missing here. */
export async function openHomeCoolDowns(kernel: Kernel): Promise<CoolDownStore & Disposable> {
  const { database, wakeups, clock } = kernel;
  await openModelDecisions(kernel);
  let known = createMemoryCoolDowns();
  let isStale = true;
  const subscription = wakeups.subscribe(channel, () => (isStale = true));

  async function refresh(): Promise<void> {
    isStale = false;
    const rows = await database.query<{ key: string; state: CoolDown }>(
      `select key, state from models.cool_down where until > $1 order by until desc limit ${countMax}`,
      [new Date(clock.nowMs() - keptMs)],
    );
    known = createMemoryCoolDowns();
    for (const { key, state } of rows) await known.update(key, () => state);
  }
  await refresh();

  return {
    read: async (keys) => {
      // When the database is away the call itself will say so.
      if (isStale) await refresh().catch(() => (isStale = true));
      return known.read(keys);
    },
    update: async (key, change) => {
      const before = (await known.read([key])).get(key);
      const next = change(before);
      if (next === undefined && before === undefined) return;
      await known.update(key, () => next);
      await record(key, next);
      wakeups.wake(channel);
    },
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };

  async function record(key: string, state: CoolDown | undefined): Promise<void> {
    if (state === undefined) return void (await database.query("delete from models.cool_down where key = $1", [key]));
    await database.query(
      `insert into models.cool_down (key, state, until) values ($1, $2, $3)
       on conflict (key) do update set state = excluded.state, until = excluded.until`,
      [key, JSON.stringify(state), new Date(state.untilMs)],
    );
  }
}
