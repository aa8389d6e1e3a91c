/** One role of the way through Kafka as a process: what appends, the relay, or a consumer that projects. */
import { silentLogger } from "@roost/base";
import { openDatabase } from "@roost/database";
import { consumeKafka, migrateKafka, openKafka, readKafkaSettings, runRelay } from "@roost/kafka";
import { openKernel, type Kernel } from "@roost/kernel";
import { benchEvent } from "./bench-event.ts";

export type KafkaRole = "append" | "relay" | "consume";

interface Given {
  role: KafkaRole;
  url: string;
  brokers: string[];
  count: number;
  log: string;
}

const keyCount = 1_000;
const batchSize = 500;
const writers = 4;

const { role, url, brokers, count, log } = JSON.parse(process.argv[2]!) as Given;
const logger = silentLogger;
await using database = await openDatabase({ url, applicationName: `bench ${role}`, logger, poolMax: 8 });
await using kernel = await openKernel({ database, logger, migrate: false, events: [benchEvent] });
await migrateKafka(database);
const settings = readKafkaSettings({ KAFKA_BROKERS: brokers.join(","), KAFKA_TOPICS: benchEvent.topic })!;
await using kafka = openKafka(settings, { logger });
const { signal } = new AbortController();
if (role === "append") await appendAll(kernel);
else if (role === "relay") await runRelay({ kernel, kafka, settings, log, signal, logger });
else await project(kernel);

async function appendAll({ append }: Kernel): Promise<void> {
  let next = 0;
  const write = async () => {
    while (next < count) {
      const from = next;
      next += batchSize;
      await append(Array.from({ length: Math.min(batchSize, count - from) }, (_, index) => draft(from + index)));
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
}

function draft(n: number) {
  const text = `what happened the ${n}th time, in a sentence of about the usual length`;
  return { type: benchEvent.type, subject: `key-${n % keyCount}`, data: { n, text } };
}

/** How many events and what sum each key has: a projection as services keep them. */
async function project(into: Kernel): Promise<void> {
  await consumeKafka({
    kernel: into,
    kafka,
    group: "projection",
    topics: [settings.topicPrefix + benchEvent.topic],
    deadLetterTopic: "bench-dead",
    onFailure: "stop",
    signal,
    logger,
    async handle(tx, events) {
      const totals = new Map<string, { count: number; sum: number }>();
      for (const { subject = "", data } of events) {
        const total = totals.get(subject) ?? { count: 0, sum: 0 };
        totals.set(subject, { count: total.count + 1, sum: total.sum + Number(data["n"]) });
      }
      // In one order, so that partitions do not wait for each other in a circle.
      const sorted = [...totals].toSorted(([a], [b]) => (a < b ? -1 : 1));
      await tx.query(
        `insert into public.projection as p (key, count, sum) select * from unnest($1::text[], $2::bigint[], $3::bigint[])
         on conflict (key) do update set count = p.count + excluded.count, sum = p.sum + excluded.sum`,
        [sorted.map(([key]) => key), sorted.map(([, total]) => total.count), sorted.map(([, total]) => total.sum)],
        { name: "bench_project" },
      );
    },
  });
}
