/** What the processes of a world were told, and when the server committed what: the checks at the end compare it with the database. */
import type { Owned } from "@roost/kernel";

/** A write that its caller was told had been accepted under this fence. */
export interface AcceptedWrite {
  owned: Owned;
  what: string;
  /** The number of its transaction. */
  transaction: number;
}

export interface HoldOfLock {
  name: string;
  holder: string;
  epoch: number;
}

export class History {
  readonly accepted: AcceptedWrite[] = [];
  /** Transaction number → the step of its commit. */
  readonly commits = new Map<number, number>();
  /** Ids of events whose append was acknowledged. */
  readonly appended = new Set<string>();
  /** Ids of runs whose creation was acknowledged, with the key they were created under. */
  readonly created = new Map<string, string>();
  /** Runs whose end was acknowledged. */
  readonly ended = new Map<string, string>();
  readonly locks: HoldOfLock[] = [];
  /** What readers saw, reader by reader: partition → ids in the order they came. */
  readonly readings: Map<string, string[]>[] = [];
  /** Keys of effects that were acknowledged as done by `once`. */
  readonly doneOnce = new Set<string>();
  /** job and idempotency key → the answers that callers got. */
  readonly manualTicks = new Map<string, Set<string>>();
  #transactionCount = 0;

  nextTransactionNumber(): number {
    this.#transactionCount += 1;
    return this.#transactionCount;
  }

  noteManualTick(key: string, outcome: string): void {
    this.manualTicks.set(key, (this.manualTicks.get(key) ?? new Set()).add(outcome));
  }

  noteCommit(transactionNumber: number, step: number): void {
    this.commits.set(transactionNumber, step);
  }
}
