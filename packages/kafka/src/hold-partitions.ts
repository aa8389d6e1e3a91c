/** The partitions that a process has for a purpose, renewed beside its work, which may take longer than a lease lasts. */
import type { Logger } from "@roost/base";
import type { LeasedPartition, Leases } from "./leases.ts";

/** Disposing gives all back. */
export interface HeldPartitions extends AsyncDisposable {
  now(): readonly LeasedPartition[];
  /** Takes what is free of those wanted by now, and renews. */
  claim(): Promise<void>;
  /** Gives all back and takes none for half a lease: long enough for another process to take them. */
  giveUp(): Promise<void>;
}

export interface HoldPartitions {
  wanted: () => readonly { topic: string; partition: number }[];
  leaseMs: number;
  logger: Logger;
}

export function holdPartitions(leases: Leases, { wanted, leaseMs, logger }: HoldPartitions): HeldPartitions {
  const { purpose } = leases;
  let held: LeasedPartition[] = [];
  let isRenewing = false;
  let awayUntilMs = -Infinity;
  const claim = async () => {
    const partitions = performance.now() < awayUntilMs ? [] : wanted();
    const claimed = partitions.length === 0 ? [] : await leases.claim(partitions);
    const isGivenUp = performance.now() < awayUntilMs;
    held = isGivenUp ? [] : claimed;
    // It was under way when all was given back.
    if (isGivenUp && claimed.length > 0) await leases.release();
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
    async giveUp() {
      awayUntilMs = performance.now() + leaseMs / 2;
      held = [];
      await leases.release();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(renewing);
      awayUntilMs = Infinity;
      await leases
        .release()
        .catch((error: unknown) => logger.warn("leases of partitions end by themselves", { purpose, error }));
    },
  };
}
