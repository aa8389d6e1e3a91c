/**
 * A group whose deliveries wait for the network. It sets each event aside as a letter of its own, in the transaction of its cursor, and sends the
 * letters outside of any. A letter is leased while it is sent: one whose sender dies is due again when the lease is over, and goes under the same
 * id. What cannot be sent is retried after 1, 4, 16 … seconds, later every 68 minutes, until it is given up: a dead letter like any other.
 */
import { toRoostError, type RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import { recordedError } from "../log/recorded-error.ts";
import type { StoredEvent } from "../log/event.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { consumeGroup } from "./consume-group.ts";
import type { Group } from "./group.ts";
import { dropWithin } from "./list-dead-letters.ts";
import { parkEvents } from "./park-events.ts";

/** At this count of attempts a letter has been tried for seven days. */
export const sevenDaysOfAttempts = 154;
/** Longer than a delivery may take. */
const leaseMs = 60_000;
const lettersPerLookMax = 20;

export interface Outbox {
  /** Begins with `roost.`. */
  name: string;
  topic: string;
  eventType: string;
  isWanted: (event: StoredEvent) => boolean;
  /** Repeats have the same event. Undefined: nothing is sent, what waits is dropped, and what comes is passed over. */
  send: ((event: StoredEvent) => Promise<void>) | undefined;
  /** In the transaction that ends a letter, or counts a failed attempt. */
  sent: (tx: KernelTransaction, event: StoredEvent, attempt: number) => Promise<unknown>;
  failed: (tx: KernelTransaction, event: StoredEvent, attempt: UnsentAttempt) => Promise<unknown>;
  /** Of the shutdown: an attempt that it ends is not counted, and is due again when its lease is over. */
  signal: AbortSignal;
}

export interface UnsentAttempt {
  attempt: number;
  error: RoostError;
  /** Null: it is given up. */
  retryAt: Date | null;
  /** Of the letters that are sent together: a receiver that is away for a moment fails all of them. */
  isFirst: boolean;
}

interface Letter {
  number: number;
  event: StoredEvent;
  attempts: number;
}

/** Takes what is new and sends what is due, each alone. Any number of processes may do it at once. */
export async function emptyOutbox(
  kernel: Kernel,
  outbox: Outbox,
): Promise<{ isMore: boolean; atMs?: number | undefined }> {
  const { name, topic } = outbox;
  const { isMore } = await consumeGroup(kernel, groupOf(outbox), { topics: [topic] });
  const { send } = outbox;
  if (send === undefined) {
    await dropAll(kernel, name);
    return { isMore };
  }
  // One cheap statement while nothing is due.
  const next = await readNext(kernel, name);
  if (next?.isDue !== true) return { isMore, atMs: next?.at?.getTime() };
  const letters = await lease(kernel, name);
  const look = { hasFailed: false };
  await Promise.all(letters.map((letter) => deliver(kernel, outbox, { letter, send, look })));
  return { isMore: true };
}

async function readNext(
  kernel: Kernel,
  group: string,
): Promise<{ at: Date | null; isDue: boolean | null } | undefined> {
  const [next] = await kernel.database.query<{ at: Date | null; isDue: boolean | null }>(
    `select min(coalesce(retry_at, parked_at)) as at, min(coalesce(retry_at, parked_at)) <= roost.now() as "isDue"
     from roost.dead_letter where group_name = $1 and attempts < attempts_max`,
    [group],
    { name: "roost_outbox_next" },
  );
  return next;
}

function groupOf({ name, eventType, isWanted, send }: Outbox): Group {
  const group: Group = {
    name,
    onFailure: { setAsideAfter: sevenDaysOfAttempts },
    subscribers: async () => [{ key: name, eventType }],
    lock: async () => [{ key: name, eventType }],
    async deliver(tx, _, events) {
      const wanted = send === undefined ? [] : events.filter((event) => event.type === eventType && isWanted(event));
      for (const event of wanted) await parkEvents(tx, group, { key: event.id, events: [event] });
      return wanted.length;
    },
  };
  return group;
}

async function dropAll(kernel: Kernel, group: string): Promise<void> {
  const [left] = await kernel.database.query("select 1 from roost.dead_letter where group_name = $1 limit 1", [group], {
    name: "roost_outbox_left",
  });
  if (left === undefined) return;
  await kernel.transact((tx) => dropWithin(tx, { group, by: "home", reason: "nothing sends them any more" }));
}

async function lease(kernel: Kernel, group: string): Promise<Letter[]> {
  const rows = await kernel.database.query<
    Omit<Letter, "event"> & { event: Omit<StoredEvent, "time"> & { time: string } }
  >(
    `update roost.dead_letter set retry_at = roost.now() + $3 * interval '1 millisecond' where number in (
       select number from roost.dead_letter where group_name = $1 and attempts < attempts_max and coalesce(retry_at, parked_at) <= roost.now()
       order by number limit $2 for update skip locked)
     returning number, event, attempts`,
    [group, lettersPerLookMax, leaseMs],
    { name: "roost_outbox_lease" },
  );
  return rows.map((row) => ({ ...row, event: { ...row.event, time: new Date(row.event.time) } }));
}

async function deliver(
  kernel: Kernel,
  outbox: Outbox,
  { letter, send, look }: { letter: Letter; send: NonNullable<Outbox["send"]>; look: { hasFailed: boolean } },
): Promise<void> {
  const { number, attempts } = letter;
  const attempt = attempts + 1;
  let error: RoostError | undefined;
  let isFirst = false;
  try {
    const [event] = kernel.registry.upcast([letter.event]);
    await send(event!);
  } catch (thrown) {
    if (outbox.signal.aborted) return;
    error = toRoostError(thrown);
    isFirst = !look.hasFailed;
    look.hasFailed = true;
  }
  await kernel.transact(async (tx) => {
    if (error === undefined) {
      const gone = await tx.query("delete from roost.dead_letter where number = $1 returning 1", [number]);
      if (gone.length === 0) return;
      if (attempts > 0) await retryNow(tx, outbox.name);
      await outbox.sent(tx, letter.event, attempt);
      return;
    }
    // Invariant: a letter that was dropped meanwhile is not counted.
    await tx.query("select roost.fail_letter_1($1, $2)", [number, JSON.stringify(recordedError(error))]);
    const [row] = await tx.query<{ retryAt: Date | null }>(
      `select case when attempts < attempts_max then retry_at end as "retryAt" from roost.dead_letter where number = $1`,
      [number],
    );
    if (row === undefined) return;
    if (row.retryAt === null) tx.wake("failures");
    await outbox.failed(tx, letter.event, { attempt, error, retryAt: row.retryAt, isFirst });
  });
}

/**
 * The receiver works again: what did not reach it need not wait for its next attempt. What it refused waits, and what is due within a lease too:
 * it may be on its way.
 */
async function retryNow(tx: KernelTransaction, group: string): Promise<void> {
  await tx.query(
    `update roost.dead_letter set retry_at = null where group_name = $1 and attempts > 0 and attempts < attempts_max
       and retry_at > roost.now() + $2 * interval '1 millisecond' and error ->> 'code' in ('unavailable', 'timeout')`,
    [group, leaseMs],
  );
}

/** What an outbox has not sent, for the person; undefined: nothing was tried in vain. */
export async function readUnsent(
  sql: Sql,
  group: string,
): Promise<{ waitingCount: number; givenUpCount: number; since: Date; reason: string } | undefined> {
  const [row] = await sql.query<{ waitingCount: number; givenUpCount: number; since: Date | null; reason: string }>(
    `select count(*) filter (where attempts < attempts_max)::int as "waitingCount", count(*) filter (where attempts >= attempts_max)::int as "givenUpCount",
       min(parked_at) as since, (array_agg(error ->> 'message' order by failed_at desc))[1] as reason
     from roost.dead_letter where group_name = $1 and attempts > 0`,
    [group],
    { name: "roost_outbox_unsent" },
  );
  return row?.since == null ? undefined : { ...row, since: row.since };
}
