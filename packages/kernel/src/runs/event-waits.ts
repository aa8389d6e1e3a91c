/**
 * Runs that wait for an event: where such a wait begins in the log, and the group that ends it. No event is missed between the
 * two because both hold the group's cursor: a wait begins under a shared lock of it, the group reads under an exclusive one.
 * Cursors are locked before runs.
 */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import { nextRetriesSql, retryDeadLetters } from "../groups/retry-dead-letters.ts";
import { consumeGroup, type ConsumedPass } from "../groups/consume-group.ts";
import { ownFailurePolicy, type Group } from "../groups/group.ts";
import { wantsEvent } from "../groups/wants-event.ts";
import type { StoredEvent } from "../log/event.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { lockRuns } from "./lock-runs.ts";
import { resumeRuns, type Resumption } from "./resume-runs.ts";
import type { WaitFilter } from "./run.ts";

const groupName = "roost.event-waits";

/** The topic of the awaited events, and the offset in each partition from which they count. */
export interface EventWaitPlace {
  topic: string;
  fromOffsets: Record<string, number>;
}

/** Call it before the run is locked. @throws RoostError `invalid_input` when the type is not registered */
export async function placeEventWait(
  kernel: Kernel,
  tx: KernelTransaction,
  eventType: string,
): Promise<EventWaitPlace> {
  if (kernel.registry.find(eventType) === undefined) await kernel.registry.refresh(tx);
  const topic = kernel.registry.find(eventType)?.topic;
  if (topic === undefined)
    throw new RoostError(
      "invalid_input",
      `no event type "${eventType}" is registered: a run would wait for it for ever`,
    );
  await makeCursors(tx, topic);
  await tx.query("select 1 from roost.cursor where group_name = $1 and topic = $2 order by partition for share", [
    groupName,
    topic,
  ]);
  const heads = await tx.query<{ partition: number; nextOffset: number }>(
    'select partition, next_offset as "nextOffset" from roost.partition_head where topic = $1',
    [topic],
  );
  return { topic, fromOffsets: Object.fromEntries(heads.map((head) => [head.partition, head.nextOffset])) };
}

async function makeCursors(sql: Sql, topic: string): Promise<void> {
  await sql.query(
    `select roost.begin_cursor_1($1, h.topic, h.partition, true) from roost.partition_head h
     where h.topic = $2 and not exists (
       select 1 from roost.cursor c where c.group_name = $1 and c.topic = h.topic and c.partition = h.partition)
     order by h.partition`,
    [groupName, topic],
  );
}

interface OpenWait {
  /** Its run. */
  key: string;
  seq: number;
  /** Null: the run does not wait any more, and wants no event. */
  eventType: string | null;
  filter: WaitFilter;
  fromOffsets: Record<string, number>;
}

const waitColumns = `w.seq, w.event_type as "eventType", coalesce(w.filter, '{}') as filter, w.from_offsets as "fromOffsets"`;

export const eventWaitGroup: Group<OpenWait> = {
  name: groupName,
  onFailure: ownFailurePolicy,
  subscribers: (tx, topic) =>
    tx.query<OpenWait>(
      `select w.run_id as key, ${waitColumns} from roost.wait w
       where w.resolved_at is null and w.kind = 'event' and w.topic = $1 order by w.created_at, w.run_id`,
      [topic],
    ),
  async lock(tx, runIds) {
    await lockRuns(tx, [...runIds]);
    return tx.query<OpenWait>(
      `select k.id::text as key, ${waitColumns} from unnest($1::uuid[]) as k(id)
       left join roost.wait w on w.run_id = k.id and w.resolved_at is null and w.kind = 'event'`,
      [runIds],
    );
  },
  async deliver(tx, waits, events) {
    const resumptions = waits.flatMap((wait) => resumptionOf(wait, events) ?? []);
    return resumptions.length === 0 ? 0 : (await resumeRuns(tx, resumptions)).length;
  },
};

/** Reads the log for waiting runs and resumes those whose event has come. Returns how many. May be called concurrently. */
export async function deliverEventWaits(kernel: Kernel): Promise<number> {
  const found = await kernel.database.query<{ topic: string | null; runId: string | null }>(
    `select distinct topic, null as "runId" from roost.wait where resolved_at is null and kind = 'event'
     union all select null, key from (${nextRetriesSql(groupName, "true")}) as retry where at <= roost.now()`,
  );
  const topics = found.flatMap(({ topic }) => topic ?? []);
  let delivered = 0;
  let pass: ConsumedPass;
  do {
    pass = await consumeGroup(kernel, eventWaitGroup, { topics });
    delivered += pass.count;
  } while (pass.isMore);
  const retries = found.flatMap(({ runId }) => runId ?? []);
  return delivered + (await retryDeadLetters(kernel, eventWaitGroup, retries));
}

/** The first event that a wait is for ends it. */
function resumptionOf(wait: OpenWait, events: readonly StoredEvent[]): Resumption | undefined {
  const event = events.find((each) => wantsEvent(wait, each));
  if (event === undefined) return undefined;
  return {
    runId: wait.key,
    seq: wait.seq,
    reason: `the event ${event.type} it waited for has come`,
    causation: event.id,
    result: { kind: "event", event: resultOf(event) },
  };
}

function resultOf({ id, type, subject, topic, partition, offset, time, data, labels }: StoredEvent) {
  return { id, type, subject, topic, partition, offset, time: time.toISOString(), data, labels };
}
