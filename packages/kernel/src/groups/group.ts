/** A consumer group as a value: its subscribers, its effects, and what a failing event does. */
import type { StoredEvent } from "../log/event.ts";
import type { KernelTransaction } from "../transact.ts";
import type { Subscriber } from "./wants-event.ts";

/**
 * What a failing event does. `stop`: its partition waits until it succeeds or a person skips it, for groups that would otherwise be wrong. Set
 * aside: it and later ones of its key wait apart while all others continue; after this many attempts it is given up and reported.
 */
export type FailurePolicy = "stop" | { setAsideAfter: number };

/** For Roost's own groups, which any scheduler reads: their names begin with `roost.`. */
export const ownFailurePolicy = { setAsideAfter: 5 } as const satisfies FailurePolicy;

/** Notices on their way to the person's webhook. */
const noticeGroup = "roost.notices";

/** Of what is sent to one target: the webhook's is noticeGroup, others have their name after it. */
export function noticeGroupOf(target: string): string {
  return target === "webhook" ? noticeGroup : `${noticeGroup}.${target}`;
}

/** The target of such a group; undefined for any other group. */
export function noticeTargetOf(group: string): string | undefined {
  if (group === noticeGroup) return "webhook";
  return group.startsWith(`${noticeGroup}.`) ? group.slice(noticeGroup.length + 1) : undefined;
}

export interface Group<S extends Subscriber = Subscriber> {
  name: string;
  onFailure: FailurePolicy;
  /** The subscribers of a topic; read after its end, so that one that exists before an event gets it. */
  subscribers(tx: KernelTransaction, topic: string): Promise<S[]>;
  /** Their current state, locked until the transaction ends. Those that take no deliveries at present are left out: their dead letters stay. */
  lock(tx: KernelTransaction, keys: readonly string[]): Promise<S[]>;
  /** Its effects commit with the cursor, or not at all. Must not wait for a model or the network. Returns a count of what it did. */
  deliver(tx: KernelTransaction, subscribers: S[], events: StoredEvent[]): Promise<number>;
  /** Called when events cannot even be set aside for a key. Default: the pass fails. */
  exclude?: ((tx: KernelTransaction, key: string, error: unknown) => Promise<unknown>) | undefined;
}

/** A group of one reader, whose key is its name. */
export function createGroup(
  name: string,
  onFailure: FailurePolicy,
  handle: (tx: KernelTransaction, events: StoredEvent[]) => Promise<unknown>,
): Group {
  const reader = async () => [{ key: name }];
  const deliver = async (tx: KernelTransaction, _: Subscriber[], events: StoredEvent[]) => {
    await handle(tx, events);
    return events.length;
  };
  return { name, onFailure, subscribers: reader, lock: reader, deliver };
}

/** Wakes the readers of groups after a retry, skip or move. */
export const groupsChannel = "groups";
