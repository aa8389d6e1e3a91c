/**
 * The relay of one process: takes partitions, ships what their log has, renews its leases beside that. The log is the outbox: nothing is written for
 * the relay when an event is appended, and retention keeps what it has not shipped.
 */
import { hostname } from "node:os";
import {
  backoffMs,
  jitteredMs,
  severalAtOnce,
  sleepUntilAborted,
  toRoostError,
  type Logger,
  type RoostError,
} from "@roost/base";
import { isPassing, readLag, readTopics, type Kernel } from "@roost/kernel";
import type { Kafka } from "../client/open-kafka.ts";
import type { KafkaSettings } from "../kafka-settings.ts";
import { holdPartitions, type HeldPartitions } from "../hold-partitions.ts";
import { createLeases, isLeaseGone, type LeasedPartition, type Leases } from "../leases.ts";
import { createSchemaIds } from "./schema-ids.ts";
import { declareRelay, relayGroup } from "./lock-place.ts";
import { shipPartition, type Shipped, type Shipping } from "./ship-partition.ts";

export interface RunRelay {
  kernel: Kernel;
  kafka: Kafka;
  settings: Pick<KafkaSettings, "topicPrefix" | "topics">;
  /** The log's name in the records: the home's id. */
  log: string;
  /** What its machine is called. Default: its host name. */
  host?: string | undefined;
  signal: AbortSignal;
  logger: Logger;
  leaseMs?: number | undefined;
}

export const leaseMsDefault = 15_000;
/** How often new topics are discovered, besides at every wake-up of a known one. */
const topicsMs = 10_000;
const pollMs = 1_000;
const failureBackoff = { firstMs: 200, maxMs: 10_000 };
const partitionsAtOnce = 8;

/** Until the signal. Never rejects for what Kafka or the database do. */
export async function runRelay(options: RunRelay): Promise<void> {
  const { kernel, kafka, log, host = hostname(), signal, logger, leaseMs = leaseMsDefault } = options;
  const leases = createLeases(kernel.database, { purpose: "relay", owner: kernel.createId(), leaseMs, host });
  const shipping: Shipping = { kernel, kafka, leases, schemaIds: createSchemaIds(kernel), log, signal };
  await using holder = createHolder(options, leases);
  const places = new Map<string, Shipped>();
  let failures = 0;
  let told: string | undefined;
  while (!signal.aborted) {
    const topics = holder.topics();
    using watch = kernel.wakeups.watch(topics.map((topic) => `log:${topic}`));
    try {
      const ship = { held: holder.held, topics, prefix: options.settings.topicPrefix, places };
      await holder.refresh().catch(async (error: unknown) => {
        await noteFailure(shipping, await findWaiting(shipping, ship), error);
        if (isPassing(error)) await holder.held.missed(holder.held.now());
        throw error;
      });
      const { count, failure } = await shipAll(shipping, ship);
      if (failure !== undefined) throw failure;
      if (failures > 0 && holder.held.now().length > 0)
        logger.info("the relay ships again", { afterFailures: failures });
      failures = 0;
      told = undefined;
      if (count > 0) continue;
    } catch (error) {
      if (signal.aborted) break;
      failures += 1;
      // A topic may have been deleted in Kafka.
      holder.forget();
      const { message } = toRoostError(error);
      if (message !== told) logger.warn("the relay cannot ship and tries again", { error });
      told = message;
      await sleepUntilAborted(jitteredMs(backoffMs(failures, failureBackoff)), { signal });
      continue;
    }
    await watch.next({ timeoutMs: pollMs, signal });
  }
}

interface Ship {
  held: HeldPartitions;
  topics: readonly string[];
  prefix: string;
  places: Map<string, Shipped>;
}

/** Every partition with something to ship, several at once. Resolves when all are done, to how many events went and the first failure. */
async function shipAll(
  shipping: Shipping,
  { held, topics, prefix, places }: Ship,
): Promise<{ count: number; failure: RoostError | undefined }> {
  const waiting = await findWaiting(shipping, { held, topics });
  let count = 0;
  const failures: RoostError[] = [];
  await severalAtOnce(waiting, partitionsAtOnce, async (leased) => {
    if (shipping.signal.aborted) return;
    try {
      count += await shipPartition(shipping, { ...leased, kafkaTopic: prefix + leased.topic }, places);
      held.reached([leased]);
    } catch (error) {
      if (isLeaseGone(error)) return;
      failures.push(toRoostError(error));
      await noteFailure(shipping, [leased], error);
      if (isPassing(error)) await held.missed([leased]);
    }
  });
  return { count, failure: failures[0] };
}

/** Those that have something to ship. */
async function findWaiting(
  { kernel }: Shipping,
  { held, topics }: Pick<Ship, "held" | "topics">,
): Promise<LeasedPartition[]> {
  const own = held.now();
  if (own.length === 0) return [];
  const lagging = await readLag(kernel.database, { group: relayGroup, topics });
  return lagging.flatMap(
    ({ topic, partition }) => own.find((one) => one.topic === topic && one.partition === partition) ?? [],
  );
}

/** For the status, of partitions that wait: each forgets it when it has shipped something. */
async function noteFailure(
  { kernel, leases }: Shipping,
  waiting: readonly LeasedPartition[],
  error: unknown,
): Promise<void> {
  const noted = kernel.transact(async (tx) => {
    for (const leased of waiting) await leases.require(tx, leased);
    await tx.query(
      `insert into kafka.shipped as s (topic, partition, error) select t, p, $3 from unnest($1::text[], $2::integer[]) as w(t, p)
       on conflict (topic, partition) do update set error = excluded.error`,
      [waiting.map(({ topic }) => topic), waiting.map(({ partition }) => partition), toRoostError(error).message],
    );
  });
  await noted.catch(() => undefined);
}

/** Disposing gives all back. */
interface Holder extends AsyncDisposable {
  /** Names in the log. */
  topics(): string[];
  /** Creates topics in Kafka and takes partitions when it is time. */
  refresh(): Promise<void>;
  held: HeldPartitions;
  /** Looks in Kafka again which topics there are. */
  forget(): void;
}

function createHolder({ kernel, kafka, settings, logger, leaseMs = leaseMsDefault }: RunRelay, leases: Leases): Holder {
  let partitions: { topic: string; partition: number }[] = [];
  let known = "";
  let lookedAtMs = -Infinity;
  const held = holdPartitions(leases, { wanted: () => partitions, leaseMs, logger });
  const look = async () => {
    if (performance.now() - lookedAtMs < topicsMs) return;
    const all = await readTopics(kernel.database);
    const wanted = [...all.values()].filter(({ name }) => settings.topics?.includes(name) ?? true);
    const now = wanted.map(({ name, partitionCount }) => `${name}:${partitionCount}`).join();
    if (now !== known) {
      await declareRelay(
        kernel.database,
        wanted.map(({ name }) => name),
      );
      partitions = wanted.flatMap(({ name, partitionCount }) =>
        Array.from({ length: partitionCount }, (_, partition) => ({ topic: name, partition })),
      );
      // Before Kafka is asked: what waits is counted also while it does not answer.
      await held.claim();
      await kafka.ensureTopics(
        wanted.map(({ name, partitionCount }) => ({ name: settings.topicPrefix + name, partitions: partitionCount })),
      );
      known = now;
    }
    lookedAtMs = performance.now();
  };
  return {
    topics: () => [...new Set(partitions.map(({ topic }) => topic))],
    async refresh() {
      await look();
      if (leases.msLeft() < leaseMs / 2) await held.claim();
    },
    held,
    forget() {
      known = "";
      lookedAtMs = -Infinity;
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
