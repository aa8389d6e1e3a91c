/**
 * One transaction in which everything the kernel does commits together. Events are buffered until the work is done and appended by one statement
 * just before the commit; wake-ups and callbacks follow it.
 */
import { RoostError, type Logger } from "@roost/base";
import type { CommittingTransaction, Database, QueryOptions, TransactOptions, Transaction } from "@roost/database";
import { appendEvents, type Appended } from "./log/append-events.ts";
import { formatLabels, type Labels } from "@roost/contract/labels";
import type { EventDraft } from "./log/event.ts";
import { checkDraft, numberLabels, prepareDrafts, type DraftContext, type PendingEvent } from "./log/prepare-drafts.ts";
import { checkChannel } from "./wakeups/check-channel.ts";
import type { Wakeups } from "./wakeups/wakeups.ts";

export const eventsPerTransactionMax = 10_000;
const bytesPerTransactionMax = 64_000_000;

/** A transaction of the kernel. After a conflict all of it is repeated, so its work must have no other effects. */
export interface KernelTransaction extends Transaction {
  /**
   * Appends an event with this transaction, in call order, and returns its id.
   * @throws RoostError `invalid_input` when the draft breaks its schema; a type this process does not know yet is refused before the commit
   */
  emit(draft: EventDraft): string;
  /** The number of a label set, as rows name it. A new set is stored with this transaction. */
  labelSet(labels: Labels): Promise<number>;
  /** The labels of a number. */
  readLabels(labelSet: number): Promise<Labels>;
  /** Does the work or nothing of it: when it throws, its writes and events are rolled back and the transaction continues. Not nested. */
  attempt<T>(work: () => Promise<T>): Promise<T>;
  /** Wakes the channel after the commit. @throws RoostError `invalid_input` at once: nothing is checked after the commit */
  wake(channel: string): void;
  /** Called once after the commit; not when it fails or its outcome is unknown. */
  afterCommit(callback: () => void): void;
}

export interface TransactContext extends DraftContext {
  database: Database;
  wakeups: Wakeups;
  logger: Logger;
  createId(): string;
  onAppended(appended: Appended): void;
}

/** @throws RoostError `unavailable` with `details.outcome` "unknown" when the connection was lost during the commit: it may have committed */
export async function transact<T>(
  context: TransactContext,
  work: (tx: KernelTransaction) => Promise<T>,
  options?: TransactOptions,
): Promise<T> {
  let committed: OpenKernelTransaction | undefined;
  const result = await context.database.transact(async (tx) => {
    const open = new OpenKernelTransaction(context, tx);
    const value = await work(open);
    await open.appendEmitted();
    committed = open;
    return value;
  }, options);
  committed!.announce();
  return result;
}

/**
 * Both at once. What each asks for without an answer to the other travels together, the statements of the first before those of the second: rows are locked
 * in one order, except behind a statement of the first that waits for an answer (a set of labels that nobody has stored). A deadlock is retried by `transact`.
 */
export async function inOneTrip<First, Second>(
  first: Promise<First>,
  second: () => Promise<Second>,
): Promise<[First, Second]> {
  const isAsked = new Promise<void>((resolve) => process.nextTick(resolve));
  return await Promise.all([first, isAsked.then(second)]);
}

class OpenKernelTransaction implements KernelTransaction {
  readonly #context: TransactContext;
  readonly #tx: CommittingTransaction;
  readonly #emitted: PendingEvent[] = [];
  /** By the set's text: many runs of one transaction have the same labels, and each its own object of them. */
  readonly #stored = new Map<string, { labels: Labels; number: Promise<number> }>();
  readonly #channels = new Set<string>();
  readonly #callbacks: (() => void)[] = [];
  #appended: Appended | undefined;
  #isSettled = false;

  constructor(context: TransactContext, tx: CommittingTransaction) {
    this.#context = context;
    this.#tx = tx;
  }

  async query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    this.#refuseSettled();
    return await this.#tx.query<Row>(text, values, options);
  }

  emit(draft: EventDraft): string {
    this.#refuseSettled();
    if (this.#emitted.length === eventsPerTransactionMax) {
      throw new RoostError(
        "limit_exceeded",
        `a transaction emitted more than ${eventsPerTransactionMax} events: split its work`,
      );
    }
    const id = draft.id ?? this.#context.createId();
    this.#emitted.push(checkDraft(this.#context, draft, id));
    return id;
  }

  async labelSet(labels: Labels): Promise<number> {
    this.#refuseSettled();
    const known = this.#context.labelSets.find(labels);
    if (known !== undefined) return known;
    const text = formatLabels(labels).join(" ");
    const storing = this.#stored.get(text);
    if (storing !== undefined) return await storing.number;
    const number = this.#context.labelSets.number(this.#tx, [labels]).then((numbers) => numbers[0]!);
    this.#stored.set(text, { labels, number });
    return await number;
  }

  async readLabels(labelSet: number): Promise<Labels> {
    this.#refuseSettled();
    return this.#context.labelSets.read(this.#tx, labelSet);
  }

  async attempt<T>(work: () => Promise<T>): Promise<T> {
    await this.query("savepoint attempt");
    const marks = { emitted: this.#emitted.length, callbacks: this.#callbacks.length, channels: [...this.#channels] };
    try {
      const result = await work();
      await this.query("release savepoint attempt");
      return result;
    } catch (error) {
      await this.query("rollback to savepoint attempt");
      this.#emitted.length = marks.emitted;
      this.#callbacks.length = marks.callbacks;
      this.#stored.clear();
      this.#channels.clear();
      for (const channel of marks.channels) this.#channels.add(channel);
      throw error;
    }
  }

  wake(channel: string): void {
    this.#refuseSettled();
    checkChannel(channel);
    this.#channels.add(channel);
  }

  afterCommit(callback: () => void): void {
    this.#refuseSettled();
    this.#callbacks.push(callback);
  }

  /** Commits with it where there is something to append. */
  async appendEmitted(): Promise<void> {
    this.#isSettled = true;
    if (this.#emitted.length === 0) return;
    const events = await prepareDrafts(this.#context, this.#emitted, this.#tx);
    const bytes = events.reduce((sum, event) => sum + event.bytes, 0);
    if (bytes > bytesPerTransactionMax) {
      throw new RoostError(
        "limit_exceeded",
        `a transaction emitted ${bytes} bytes of events (limit ${bytesPerTransactionMax}): split its work`,
      );
    }
    const numbered = await numberLabels(this.#context.labelSets, this.#tx, events);
    this.#callbacks.push(numbered.remember);
    this.#appended = await appendEvents(
      { query: (...statement) => this.#tx.commitWith(...statement) },
      numbered.events,
    );
  }

  announce(): void {
    const { wakeups, logger, labelSets } = this.#context;
    for (const { labels, number } of this.#stored.values())
      void number.then((stored) => labelSets.remember([labels], [stored]));
    if (this.#appended !== undefined) this.#context.onAppended(this.#appended);
    for (const channel of this.#channels) wakeups.wake(channel);
    for (const callback of this.#callbacks) {
      try {
        callback();
      } catch (error) {
        logger.error("a callback after a commit threw", { error });
      }
    }
  }

  #refuseSettled(): void {
    if (this.#isSettled)
      throw new RoostError("internal", "the transaction's work has ended: await everything it does inside it");
  }
}
