/**
 * Partitions that this process has for a purpose, as leases in the database. What records anything checks the lease in its transaction; what only
 * sends checks how long it is certainly still held, by this process's monotonic clock.
 */
import { RoostError } from "@roost/base";
import type { Database, Sql, Transaction } from "@roost/database";

export interface PartitionName {
  topic: string;
  partition: number;
}

export function nameOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

export interface LeasedPartition extends PartitionName {
  epoch: number;
}

export interface Leases {
  readonly purpose: string;
  /** Takes every free partition of these and renews its own. Returns what it has; those that are new have another epoch than before. */
  claim(partitions: readonly PartitionName[]): Promise<LeasedPartition[]>;
  /** How long the last claim certainly still holds. */
  msLeft(): number;
  /** In a transaction that records something for it. @throws RoostError `conflict` when another owner has it */
  require(tx: Transaction, leased: LeasedPartition): Promise<void>;
  /** Gives these back; default: all. */
  release(partitions?: readonly PartitionName[]): Promise<void>;
}

export interface LeaseOptions {
  purpose: string;
  owner: string;
  leaseMs: number;
  /** Of the owner, as people call it. */
  host?: string | undefined;
}

export function createLeases(database: Database, options: LeaseOptions): Leases {
  const { purpose, owner, leaseMs } = options;
  let heldUntilMs = -Infinity;
  return {
    purpose,
    async claim(partitions) {
      const startedMs = performance.now();
      const rows = await claimAll(database, options, partitions);
      heldUntilMs = startedMs + leaseMs;
      return rows;
    },
    msLeft: () => heldUntilMs - performance.now(),
    async require(tx, leased) {
      const { topic, partition, epoch } = leased;
      const rows = await tx.query(
        `select 1 from kafka.lease where purpose = $1 and topic = $2 and partition = $3 and owner = $4 and epoch = $5 and expires_at > roost.now() for key share`,
        [purpose, topic, partition, owner, epoch],
        { name: "kafka_require_lease" },
      );
      if (rows.length === 0) throw lost(nameOf(leased));
    },
    async release(partitions) {
      if (partitions === undefined) heldUntilMs = -Infinity;
      await database.query(
        `update kafka.lease set owner = null, expires_at = null where purpose = $1 and owner = $2
         and ($3::text[] is null or (topic, partition) in (select * from unnest($3::text[], $4::integer[])))`,
        [purpose, owner, ...(partitions === undefined ? [null, null] : columnsOf(partitions))],
      );
    },
  };
}

export function isLeaseGone(error: unknown): boolean {
  return error instanceof RoostError && error.details?.["reason"] === "kafka_lease_lost";
}

// Keeps: a partition has one owner at a time, and its epoch goes up whenever the owner changes or was late. Those that it has are never passed over:
// msLeft holds for each of them. So what records something shares the key alone, which no renewal waits for.
async function claimAll(
  sql: Sql,
  { purpose, owner, leaseMs, host }: LeaseOptions,
  partitions: readonly PartitionName[],
): Promise<LeasedPartition[]> {
  const places = columnsOf(partitions);
  await sql.query(
    `insert into kafka.lease (purpose, topic, partition) select $1, t, p from unnest($2::text[], $3::integer[]) as w(t, p)
     where not exists (select from kafka.lease l where l.purpose = $1 and l.topic = t and l.partition = p) on conflict do nothing`,
    [purpose, ...places],
    { name: "kafka_add_leases" },
  );
  return await sql.query<LeasedPartition>(
    `with wanted as (select * from unnest($2::text[], $3::integer[]) as w(topic, partition)),
     own as (select topic, partition from kafka.lease where purpose = $1 and owner = $4 and (topic, partition) in (select * from wanted)
       order by topic, partition for no key update),
     free as (select topic, partition from kafka.lease where purpose = $1 and (owner is null or owner <> $4 and expires_at <= roost.now())
       and (topic, partition) in (select * from wanted) order by topic, partition for no key update skip locked)
     update kafka.lease l set owner = $4, host = $6, expires_at = roost.now() + $5 * interval '1 millisecond',
       epoch = case when l.owner = $4 and l.expires_at > roost.now() then l.epoch else l.epoch + 1 end
     from (select * from own union all select * from free) as taken
     where l.purpose = $1 and l.topic = taken.topic and l.partition = taken.partition
     returning l.topic, l.partition, l.epoch`,
    [purpose, ...places, owner, leaseMs, host ?? null],
    { name: "kafka_claim_leases" },
  );
}

function columnsOf(partitions: readonly PartitionName[]): [topics: string[], partitions: number[]] {
  return [partitions.map(({ topic }) => topic), partitions.map(({ partition }) => partition)];
}

function lost(name: string): RoostError {
  return new RoostError("conflict", `the lease of ${name} is another's by now: it goes on there`, {
    details: { reason: "kafka_lease_lost" },
  });
}
