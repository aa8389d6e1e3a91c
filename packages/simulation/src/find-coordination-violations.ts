/** Promise: one holder of a lock per epoch, epochs grow with each holder, and what `once` guards happens once or is unknown. */
import type { Sql } from "@roost/database";
import type { History } from "./history.ts";
import type { World } from "./world.ts";

interface LockEvent {
  type: string;
  name: string;
  holder: string;
  epoch: number;
}

export async function findCoordinationViolations(sql: Sql, world: World, history: History): Promise<string[]> {
  const events = await sql.query<LockEvent>(
    `select type, data ->> 'name' as name, data ->> 'holder' as holder, (data ->> 'epoch')::bigint as epoch from roost.event
     where type like 'lock.%' order by partition, "offset"`,
  );
  const byName = Map.groupBy(events, (event) => event.name);
  return [
    ...[...byName.values()].flatMap(judgeLock),
    ...judgeHolders(history),
    ...(await judgeOnce(sql, world, history)),
  ];
}

/** In the log a lock is taken and given back in turn, and never taken twice at the same epoch. */
function judgeLock(events: LockEvent[]): string[] {
  const violations: string[] = [];
  let held: LockEvent | undefined;
  let epoch = -1;
  for (const event of events) {
    if (event.type === "lock.acquired") {
      if (held !== undefined) violations.push(`${event.holder} took the lock ${event.name} that ${held.holder} held`);
      if (event.epoch <= epoch)
        violations.push(`the epoch of the lock ${event.name} did not grow: ${event.epoch} after ${epoch}`);
      ({ epoch } = event);
      held = event;
    } else {
      if (held?.epoch !== event.epoch)
        violations.push(`the lock ${event.name} was given back at an epoch without a holder: ${event.epoch}`);
      held = undefined;
    }
  }
  return violations;
}

function judgeHolders({ locks }: History): string[] {
  const byEpoch = Map.groupBy(locks, (lock) => `${lock.name} at epoch ${lock.epoch}`);
  return [...byEpoch].flatMap(([epoch, held]) =>
    new Set(held.map((lock) => lock.holder)).size > 1 ? [`two were told that they hold the lock ${epoch}`] : [],
  );
}

async function judgeOnce(sql: Sql, world: World, history: History): Promise<string[]> {
  const rows = await sql.query<{ key: string; state: string }>(
    "select key, state from roost.once where scope = 'simulation'",
  );
  return rows.flatMap(({ key, state }) => {
    const count = world.countOf(`once:${key}`);
    if (count > 1) return [`the effect "${key}" was performed ${count} times`];
    if (count === 1 && state === "free") return [`the effect "${key}" happened and is given out again`];
    if (count === 0 && state === "done") return [`the effect "${key}" is recorded as done and never happened`];
    if (history.doneOnce.has(key) && state !== "done")
      return [`the effect "${key}" was acknowledged as done and is ${state}`];
    return [];
  });
}
