/** A log, a real Kafka, relays as processes, and a consumer whose effects are rows: what tests of the way through Kafka have in common. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import type { Database } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { createTestKernel } from "../../packages/kernel/src/testing/create-test-kernel.ts";
import { groupTestEvents, note } from "../../packages/kernel/src/testing/test-events.ts";
import { openKafka, type Kafka } from "../../packages/kafka/src/client/open-kafka.ts";
import { consumeKafka } from "../../packages/kafka/src/consume/consume-kafka.ts";
import type { HandleEvents } from "../../packages/kafka/src/consume/take-records.ts";
import { readKafkaSettings, type KafkaSettings } from "../../packages/kafka/src/kafka-settings.ts";
import { migrateKafka } from "../../packages/kafka/src/migrate-kafka.ts";
import { readKafkaStatus } from "../../packages/kafka/src/read-kafka-status.ts";
import type { Host } from "../infra/open-hosts.ts";
import { startKafka, type RealKafka, type StartKafka } from "../infra/start-kafka.ts";
import type { RelayProgram } from "./relay-program.ts";

export const leaseMs = 6_000;
const program = fileURLToPath(new URL("relay-program.ts", import.meta.url));

export interface KafkaWorld extends AsyncDisposable {
  kernel: Kernel;
  database: Database;
  url: string;
  real: RealKafka;
  kafka: Kafka;
  settings: KafkaSettings;
  /** On a host; default: this one. The database is reached by its socket from everywhere. */
  startRelay(host?: Pick<Host, "command">): Promise<ChildProcess>;
  /** A group of this process that writes a row for each event into `effect`, whose key keeps none from being there twice. */
  startConsumer(options?: { handle?: HandleEvents; ownLog?: string; topics?: string[]; group?: string }): {
    stop(): Promise<void>;
  };
  /** Events of the topic `notes`, appended one batch after the other until `stop`. Resolves to their number. */
  append(count: number): Promise<void>;
  /** What took effect, by partition, in the order of its commits. */
  effects(): Promise<{ partition: number; offset: number }[]>;
  untilAllTaken(): Promise<unknown>;
  /** As `roost status` says it of the relay. */
  untilLagIsTold(): Promise<unknown>;
  untilLagIsGone(): Promise<unknown>;
  /** Asserts that every event of the topic took effect once, in the order of its partition. */
  assertOnceInOrder(): Promise<void>;
}

export async function openKafkaWorld(options: StartKafka = {}): Promise<KafkaWorld> {
  await using opened = new AsyncDisposableStack();
  const real = opened.use(await startKafka(options));
  const t = opened.use(await createTestKernel({ events: groupTestEvents }));
  const { kernel, database } = t;
  await migrateKafka(database);
  await database.query(
    "create table effect (number bigint generated always as identity primary key, topic text, partition integer, at_offset bigint, id text)",
  );
  const settings = settingsOf(real);
  const kafka = opened.use(openKafka(settings, { logger: silentLogger }));
  const children = new Set<ChildProcess>();
  opened.defer(() => endAll(children));
  // A consumer goes on for ever, also when its test has failed.
  const stops: (() => Promise<void>)[] = [];
  opened.defer(async () => void (await Promise.all(stops.map((stop) => stop()))));
  let n = 0;
  const world: Omit<KafkaWorld, typeof Symbol.asyncDispose> = {
    kernel,
    database,
    url: t.url,
    real,
    kafka,
    settings,
    async startRelay({ command } = { command: [] }) {
      const given: RelayProgram = { url: t.url, settings, log: "log-1", leaseMs };
      const [first, ...args] = [...command, process.execPath, program, JSON.stringify(given)];
      const child = spawn(first, args, { stdio: ["ignore", "pipe", "inherit"] });
      children.add(child);
      await new Promise<void>((resolve, reject) => child.stdout.once("data", () => resolve()).once("end", reject));
      return child;
    },
    startConsumer({ handle = noteEffects, ownLog, topics = [`${settings.topicPrefix}notes`], group = "effects" } = {}) {
      const stop = new AbortController();
      const common = {
        kernel,
        kafka: openKafka(settings, { logger: silentLogger }),
        logger: silentLogger,
        leaseMs,
        ownLog,
      };
      const consuming = consumeKafka({
        ...common,
        group,
        topics,
        handle,
        deadLetterTopic: "dead",
        onFailure: "set-aside",
        signal: stop.signal,
      });
      const end = async () => {
        stop.abort();
        await consuming;
        await common.kafka[Symbol.asyncDispose]();
      };
      stops.push(end);
      return { stop: end };
    },
    async append(count) {
      for (let left = count; left > 0; left -= 50) {
        await kernel.append(Array.from({ length: Math.min(50, left) }, () => note((n += 1), `key ${n % 40}`)));
      }
    },
    effects: () =>
      database.query(`select partition, at_offset as "offset" from effect where topic = 'notes' order by number`),
    untilAllTaken: () =>
      until("all events took effect", async () => {
        const [row] = await database.query<{ waiting: number }>(
          "select (select sum(next_offset) from roost.partition_head where topic = 'notes')::int - (select count(*) from effect where topic = 'notes')::int as waiting",
        );
        return row!.waiting <= 0;
      }),
    untilLagIsTold: () =>
      until("the lag is told with its reason", async () => {
        const { relay } = (await readKafkaStatus(database))!;
        return relay.lagCount > 0 && relay.lagMs !== null && relay.error !== null;
      }),
    untilLagIsGone: () =>
      until("the lag is gone", async () => {
        const { relay } = (await readKafkaStatus(database))!;
        return relay.lagCount === 0 && relay.error === null;
      }),
    async assertOnceInOrder() {
      const heads = await database.query<{ partition: number; next: number }>(
        "select partition, next_offset as next from roost.partition_head where topic = 'notes' order by partition",
      );
      const byPartition = Map.groupBy(await world.effects(), ({ partition }) => partition);
      for (const { partition, next } of heads) {
        const offsets = (byPartition.get(partition) ?? []).map(({ offset }) => offset);
        assert.deepEqual(
          offsets,
          Array.from({ length: next }, (_, offset) => offset),
          `partition ${partition}`,
        );
      }
    },
  };
  const owned = opened.move();
  return { ...world, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** In the transaction of the places. */
export const noteEffects: HandleEvents = async (tx, events) => {
  await tx.query(
    "insert into effect (topic, partition, at_offset, id) select t, p, o, i from unnest($1::text[], $2::integer[], $3::bigint[], $4::text[]) with ordinality as e(t, p, o, i, n) order by n",
    [
      events.map(({ place, type }) => place?.topic ?? type),
      events.map(({ place }) => place?.partition ?? null),
      events.map(({ place }) => place?.offset ?? null),
      events.map(({ id }) => id),
    ],
  );
};

function settingsOf({ brokers, certificates, user }: RealKafka): KafkaSettings {
  const secure = certificates && {
    KAFKA_CA_FILE: certificates.authorityFile,
    KAFKA_USERNAME: user.username,
    KAFKA_PASSWORD: user.password,
  };
  return readKafkaSettings({ KAFKA_BROKERS: brokers.join(","), KAFKA_TOPICS: "notes,tasks", ...secure })!;
}

async function endAll(children: Iterable<ChildProcess>): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }
}
