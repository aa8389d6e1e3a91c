/** A consumer group as a value: who takes its events, what it does with them, and what a failing one does. */
import type { StoredEvent } from "../log/event.ts";
import type { KernelTransaction } from "../transact.ts";
import type { Subscriber } from "./wants-event.ts";

/**
 * What an event that fails by itself does. `stop`: its partition stands until it succeeds or a person skips it; for what would be wrong
 * without it. Set aside: it and later ones of its key wait apart, all others go on; after so many attempts it is given up and told.
 */
export type FailurePolicy = "stop" | { setAsideAfter: number };

/** Of Roost's own groups, which any scheduler reads for: their names begin with `roost.`. */
export const ownFailurePolicy = { setAsideAfter: 5 } as const satisfies FailurePolicy;

export interface Group<S extends Subscriber = Subscriber> {
  name: string;
  onFailure: FailurePolicy;
  /** Those that take events of the topic; read after its end, so that one that is there before an event gets it. */
  subscribers(tx: KernelTransaction, topic: string): Promise<S[]>;
  /** These as they are now, locked until the transaction ends. Left out are those that take no deliveries at present: what is set aside for them stays. */
  lock(tx: KernelTransaction, keys: readonly string[]): Promise<S[]>;
  /** Its effects commit with the cursor, or not at all. Nothing in it may wait for a model or the network. Returns what it did, in a count. */
  deliver(tx: KernelTransaction, subscribers: S[], events: StoredEvent[]): Promise<number>;
  /** When events cannot even be set aside for a key. Default: the pass fails. */
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

/** Wakes the readers of groups: somebody retried, skipped or moved. */
export const groupsChannel = "groups";
