/**
 * A gate before the log: once so many events of runs and sessions are in it, the writer of the next one waits, in the middle of
 * its transaction, until the gate is opened. So a process can be killed exactly between two events.
 */
import { until } from "@roost/base/testing/until";
import type { Database } from "@roost/database";

export interface EventGate {
  /** Closes it behind so many further events. */
  close(eventCount: number): Promise<ClosedGate>;
  /** Events of each transaction since the gate was closed first, in their order. */
  readTransactions(): Promise<number[]>;
}

export interface ClosedGate {
  /** Resolves when a writer waits before it. */
  reached(): Promise<void>;
  /** The waiting writer goes on. */
  open(): Promise<void>;
}

const lockKey = 77_177;
/** Not those of workers, which come and go as processes are killed. */
const counted = "topic in ('runs', 'sessions') and type not like 'worker.%'";

export async function createEventGate(database: Database): Promise<EventGate> {
  await database.query(`
    create table roost.test_gate (event_count bigint not null);
    create function roost.test_gate_hold() returns trigger language plpgsql as $$
    begin
      if (select count(*) from roost.event where ${counted}) >= (select max(event_count) from roost.test_gate) then
        perform pg_advisory_xact_lock_shared(${lockKey});
      end if;
      return new;
    end $$;
    create trigger test_gate before insert on roost.event for each row
      when (new.topic in ('runs', 'sessions') and new.type not like 'worker.%') execute function roost.test_gate_hold();`);
  const first = await countEvents(database);
  return {
    async close(eventCount) {
      const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const held = database.transact(async (tx) => {
        await tx.query("select pg_advisory_xact_lock($1)", [lockKey]);
        locked.resolve();
        await released.promise;
      });
      held.catch(locked.reject);
      await locked.promise;
      await database.query("insert into roost.test_gate values ($1)", [(await countEvents(database)) + eventCount]);
      return {
        reached: () => untilOneWaits(database),
        async open() {
          await database.query("delete from roost.test_gate");
          released.resolve();
          await held;
        },
      };
    },
    async readTransactions() {
      const rows = await database.query<{ count: number }>(
        `select count(*)::int as count from (
           select xmin::text::bigint as transaction, row_number() over (order by xmin::text::bigint) as place
           from roost.event where ${counted}) event
         where place > $1 group by transaction order by transaction`,
        [first],
      );
      return rows.map(({ count }) => count);
    },
  };
}

async function countEvents(database: Database): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `select count(*)::int as count from roost.event where ${counted}`,
  );
  return row!.count;
}

async function untilOneWaits(database: Database): Promise<void> {
  await until(async () => {
    const waiting = await database.query(
      `select 1 from pg_locks where locktype = 'advisory' and objid = $1 and not granted
         and database = (select oid from pg_database where datname = current_database())`,
      [lockKey],
    );
    return waiting.length > 0;
  });
}
