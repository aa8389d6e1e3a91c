/**
 * The one way to read with a cursor: events in, effects and cursor out, in one transaction under the lock of the cursor. Any number of processes
 * may do it at once. A failing batch is retried in parts, so that the failing event is alone (group.ts says what happens then).
 */
import { allSteps, isPassing } from "../each-alone.ts";
import { parkEvents, readParkedKeys } from "./park-events.ts";
import { lockCursor, failCursor, moveCursor, readLag, type CursorName } from "../log/cursor.ts";
import type { StoredEvent } from "../log/event.ts";
import { labelSetNumbers } from "../log/label-sets.ts";
import { refuseOutOfRange } from "../log/out-of-range.ts";
import { readEvents } from "../log/read-events.ts";
import { requireSeen } from "../log/require-seen.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import type { Group } from "./group.ts";
import { wantsEvent, type Subscriber } from "./wants-event.ts";

/** Events of one partition per transaction, and offsets examined for them. */
const eventsPerPassMax = 200;
const offsetsPerPassMax = 10_000;
/** After a common failure: fewer, since they may have been too many. */
const eventsInPartsMax = 10;

export interface ConsumeGroup {
  topics: readonly string[];
  /** Where the group starts in a partition it has never read. Default: at its first event. */
  isFromEnd?: boolean | undefined;
  /** Events of a partition per pass. */
  limit?: number | undefined;
}

export interface ConsumedPass {
  /** Sum of what deliveries did. */
  count: number;
  isMore: boolean;
}

/** One pass over every partition with something to read, each alone. Partitions that another process is reading are skipped. */
export async function consumeGroup<S extends Subscriber>(
  kernel: Kernel,
  group: Group<S>,
  consume: ConsumeGroup,
): Promise<ConsumedPass> {
  const lagging = await readLag(kernel.database, { group: group.name, topics: consume.topics });
  const all: ConsumedPass = { count: 0, isMore: false };
  const steps = lagging.map(({ topic, partition }) => async () => {
    const pass = await consumePartition(kernel, group, { ...consume, group: group.name, topic, partition });
    all.count += pass.count;
    all.isMore ||= pass.isMore;
  });
  await allSteps(steps);
  return all;
}

type Place = CursorName & ConsumeGroup;

async function consumePartition<S extends Subscriber>(
  kernel: Kernel,
  group: Group<S>,
  place: Place,
): Promise<ConsumedPass> {
  try {
    return await kernel.transact((tx) => readOn(kernel, tx, { group, place, isInParts: false }));
  } catch (error) {
    if (isPassing(error)) throw error;
    kernel.logger.warn("events could not be delivered together and are delivered in parts", { place, error });
    return await kernel.transact((tx) => readOn(kernel, tx, { group, place, isInParts: true }));
  }
}

interface Reading<S extends Subscriber> {
  group: Group<S>;
  place: Place;
  isInParts: boolean;
}

async function readOn<S extends Subscriber>(
  kernel: Kernel,
  tx: KernelTransaction,
  { group, place, isInParts }: Reading<S>,
): Promise<ConsumedPass> {
  const { topic, partition } = place;
  const locked = await lockCursor(tx, place, { isFromEnd: place.isFromEnd });
  if (locked === undefined || locked.place >= locked.nextOffset) return { count: 0, isMore: false };
  const subscribers = await group.subscribers(tx, topic);
  const head = locked.nextOffset;
  // Earlier events are not needed.
  const earliest = Math.min(head, ...subscribers.map(({ fromOffsets }) => fromOffsets?.[partition] ?? 0));
  const wanted = Math.max(locked.place, earliest);
  const from = Math.max(wanted, locked.firstOffset);
  if (from > wanted && !(await passOver(tx, { group, place, locked, wanted }))) return { count: 0, isMore: false };
  const until = Math.min(head, from + offsetsPerPassMax);
  const limit = isInParts ? eventsInPartsMax : (place.limit ?? eventsPerPassMax);
  const types = typesOf(subscribers);
  const read = { topic, partition, offset: from, offsetUntil: until, limit, types };
  const [, events] =
    from >= until
      ? [undefined, []]
      : await Promise.all([requireSeen(tx, topic, [{ partition, until }]), readEvents(tx, read)]);
  const last = events.length === limit ? events.at(-1)! : undefined;
  let nextOffset = last === undefined ? until : last.offset + 1;
  const delivery = { kernel, tx, group, subscribers, events };
  let failed: Failed | undefined;
  let count = 0;
  if (!isInParts) count = await deliver(delivery);
  else if (group.onFailure === "stop") ({ count, failed } = await deliverUntilFailed(delivery));
  else count = await deliverEach(delivery);
  if (failed !== undefined) nextOffset = failed.event.offset;
  if (nextOffset > locked.place) await moveCursor(tx, { ...place, from: locked.place, nextOffset });
  if (failed !== undefined) await stopAt(kernel, tx, place, failed);
  return { count, isMore: failed === undefined && nextOffset < head };
}

/**
 * For events dropped by retention: a group that stops at failing events stops there too, another continues and records it. Returns whether it
 * continues.
 */
async function passOver<S extends Subscriber>(
  tx: KernelTransaction,
  { group, place, locked, wanted }: Pick<Reading<S>, "group" | "place"> & { locked: Locked; wanted: number },
): Promise<boolean> {
  const { topic, partition } = place;
  if (group.onFailure === "stop") {
    try {
      refuseOutOfRange({ topic, partition, ...locked }, wanted);
    } catch (error) {
      await failCursor(tx, { ...place, offset: locked.place, error });
    }
    return false;
  }
  tx.emit({
    type: "consumer.skipped",
    subject: group.name,
    labelSet: labelSetNumbers.open,
    data: {
      group: group.name,
      topic,
      partition,
      fromOffset: wanted,
      toOffset: locked.firstOffset,
      by: "retention",
      reason: "they were dropped before they were read",
    },
  });
  return true;
}

interface Locked {
  place: number;
  firstOffset: number;
  nextOffset: number;
}

/** Undefined: all. */
function typesOf(subscribers: readonly Subscriber[]): string[] | undefined {
  if (subscribers.some(({ eventType }) => eventType === undefined)) return undefined;
  return [...new Set(subscribers.flatMap(({ eventType }) => eventType ?? []))];
}

interface Delivery<S extends Subscriber> {
  kernel: Kernel;
  tx: KernelTransaction;
  group: Group<S>;
  subscribers: readonly S[];
  events: readonly StoredEvent[];
}

interface Failed {
  event: StoredEvent;
  error: unknown;
}

/** Delivers all together. Behind a key's dead letters later events wait. */
async function deliver<S extends Subscriber>({ kernel, tx, group, ...given }: Delivery<S>): Promise<number> {
  const events = kernel.registry.upcast([...given.events]);
  const wanting = given.subscribers.filter((each) => events.some((event) => wantsEvent(each, event)));
  if (wanting.length === 0) return 0;
  const keys = wanting.map(({ key }) => key);
  // Read again under the lock: a subscriber changed meanwhile is judged by its new state.
  const locked = await group.lock(tx, keys);
  const parked = await readParkedKeys(tx, group.name, keys);
  for (const each of locked.filter(({ key }) => parked.has(key))) {
    const behind = events.filter((event) => wantsEvent(each, event));
    if (behind.length > 0) await parkEvents(tx, group, { key: each.key, events: behind });
  }
  const free = locked.filter(({ key }) => !parked.has(key));
  return free.length === 0 ? 0 : await group.deliver(tx, free, events);
}

/** One by one, up to the first that fails. */
async function deliverUntilFailed<S extends Subscriber>(
  delivery: Delivery<S>,
): Promise<{ count: number; failed: Failed | undefined }> {
  let count = 0;
  for (const event of delivery.events) {
    try {
      count += await delivery.tx.attempt(() => deliver({ ...delivery, events: [event] }));
    } catch (error) {
      if (isPassing(error)) throw error;
      return { count, failed: { event, error } };
    }
  }
  return { count, failed: undefined };
}

/** Invariant: of many keys one whose events fail keeps them, and all others continue in the same pass. */
async function deliverEach<S extends Subscriber>(delivery: Delivery<S>): Promise<number> {
  let count = 0;
  for (const subscriber of delivery.subscribers) {
    const alone = { ...delivery, subscribers: [subscriber] };
    try {
      count += await delivery.tx.attempt(() => deliver(alone));
    } catch (error) {
      if (isPassing(error)) throw error;
      const { count: before, failed } = await deliverUntilFailed(alone);
      count += before;
      if (failed !== undefined) await park(alone, subscriber, failed);
    }
  }
  return count;
}

async function park<S extends Subscriber>(
  { kernel, tx, group, events }: Delivery<S>,
  subscriber: S,
  { event: first, error }: Failed,
): Promise<void> {
  const { key } = subscriber;
  try {
    const own = events.filter(
      (event) => event.offset >= first.offset && (event === first || wantsEvent(subscriber, event)),
    );
    const isParked = (await readParkedKeys(tx, group.name, [key])).has(key);
    await tx.attempt(() => parkEvents(tx, group, { key, events: own, error: isParked ? undefined : error }));
    tx.afterCommit(() =>
      kernel.logger.error("an event could not be delivered and is set aside", { group: group.name, key, error }),
    );
  } catch (failure) {
    if (isPassing(failure) || group.exclude === undefined) throw failure;
    await group.exclude(tx, key, failure);
  }
}

async function stopAt(kernel: Kernel, tx: KernelTransaction, place: Place, { event, error }: Failed): Promise<void> {
  const { group, topic, partition } = place;
  await failCursor(tx, { ...place, offset: event.offset, error });
  const facts = { group, topic, partition, offset: event.offset, eventId: event.id, error };
  tx.afterCommit(() => kernel.logger.warn("a group stops at a failing event and will retry it", facts));
}
