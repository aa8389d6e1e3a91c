/**
 * The partitions that a process has for a purpose, renewed beside its work, which may take longer than a lease lasts. One that this host cannot reach is
 * given back, for a process on another host that can.
 */
import type { Logger } from "@roost/base";
import { nameOf, type LeasedPartition, type Leases, type PartitionName } from "./leases.ts";

/** Disposing gives all back. */
export interface HeldPartitions extends AsyncDisposable {
  now(): readonly LeasedPartition[];
  /** Takes what is free of those wanted by now, and renews. */
  claim(): Promise<void>;
  /** Their brokers were reached. */
  reached(partitions: readonly PartitionName[]): void;
  /**
   * Their brokers could not be reached. After the second time in a row a partition is given back, and not taken for half a lease: long enough for
   * another process to take it.
   */
  missed(partitions: readonly PartitionName[]): Promise<void>;
}

export interface HoldPartitions {
  wanted: () => readonly PartitionName[];
  leaseMs: number;
  logger: Logger;
}

const missesToGiveUp = 2;

export function holdPartitions(leases: Leases, { wanted, leaseMs, logger }: HoldPartitions): HeldPartitions {
  const { purpose } = leases;
  let held: LeasedPartition[] = [];
  let isRenewing = false;
  let isClosed = false;
  const misses = new Map<string, number>();
  const awayUntilMs = new Map<string, number>();
  const isAway = (of: PartitionName) => isClosed || performance.now() < (awayUntilMs.get(nameOf(of)) ?? -Infinity);
  const claim = async () => {
    const partitions = wanted().filter((each) => !isAway(each));
    const claimed = partitions.length === 0 ? [] : await leases.claim(partitions);
    // It was under way when these were given up.
    const givenUp = claimed.filter(isAway);
    held = claimed.filter((each) => !givenUp.includes(each));
    if (givenUp.length > 0) await leases.release(givenUp);
  };
  const renewing = setInterval(() => {
    if (isRenewing) return;
    isRenewing = true;
    void claim()
      .catch((error: unknown) => logger.warn("leases of partitions were not renewed", { purpose, error }))
      .finally(() => (isRenewing = false));
  }, leaseMs / 3);
  return {
    now: () => held,
    claim,
    reached(partitions) {
      for (const each of partitions) misses.delete(nameOf(each));
    },
    async missed(partitions) {
      for (const each of partitions) misses.set(nameOf(each), (misses.get(nameOf(each)) ?? 0) + 1);
      const givenUp = partitions.filter((each) => misses.get(nameOf(each))! >= missesToGiveUp);
      if (givenUp.length === 0) return;
      for (const each of givenUp) awayUntilMs.set(nameOf(each), performance.now() + leaseMs / 2);
      held = held.filter((each) => !isAway(each));
      await leases
        .release(givenUp)
        .catch((error: unknown) => logger.warn("partitions were not given back: their leases end", { purpose, error }));
    },
    async [Symbol.asyncDispose]() {
      clearInterval(renewing);
      isClosed = true;
      await leases
        .release()
        .catch((error: unknown) => logger.warn("leases of partitions end by themselves", { purpose, error }));
    },
  };
}
