/**
 * A million events through log, relay, Kafka and a consumer with a projection, each role a process of its own: how long, how many a second, and the
 * most memory that a role took. Needs Kafka (npm run infra -- install kafka), and says so where it is missing.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createId, delay } from "@roost/base";
import type { Figure, Measure } from "../measure.ts";
import { benchEvent } from "../bench-event.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import type { KafkaRole } from "../kafka-role-program.ts";
import { readResidentMib } from "../living-home/home-processes.ts";
import { requirePart } from "../../../test/infra/parts.ts";
import { startKafka } from "../../../test/infra/start-kafka.ts";

const eventCount = 1_000_000;
const quickCount = 5_000;
const aimMs = 180_000;
const aimMb = 300;
const partitionCount = 4;
const pollMs = 500;
const progressMs = 15_000;
const msMax = 1_200_000;
const roleProgram = fileURLToPath(new URL("../kafka-role-program.ts", import.meta.url));

export const measureKafka: Measure = async ({ isQuick, share, onProgress }) => {
  const { skip } = await requirePart("kafka");
  if (skip !== false) return [{ name: "events through Kafka", value: "not measured", details: skip }];
  const count = isQuick ? quickCount : Math.round(eventCount * share);
  onProgress(`${count.toLocaleString("en")} events through log, relay, Kafka and a consumer`);
  await using opened = await openDurableDatabase();
  await using real = await startKafka();
  const { database, kernel, url } = opened;
  await kernel.registry.register([benchEvent]);
  await database.query("select roost.create_topic_1($1, $2, 1000000, null)", [benchEvent.topic, partitionCount]);
  await database.query(
    "create table public.projection (key text primary key, count bigint not null, sum bigint not null)",
  );
  const given = { url, brokers: real.brokers, count, log: createId() };
  await using stack = new AsyncDisposableStack();
  const start = (role: KafkaRole) => {
    const child = spawn(
      process.execPath,
      ["--max-old-space-size=256", "--max-semi-space-size=4", roleProgram, JSON.stringify({ ...given, role })],
      {
        stdio: ["ignore", "inherit", "inherit"],
      },
    );
    stack.defer(() => void child.kill("SIGKILL"));
    return child;
  };
  const startedMs = performance.now();
  const roles: Record<KafkaRole, ChildProcess> = {
    append: start("append"),
    relay: start("relay"),
    consume: start("consume"),
  };
  const most = { append: 0, relay: 0, consume: 0 };
  let appendedMs: number | undefined;
  let shippedMs: number | undefined;
  let toldMs = startedMs;
  for (let done = 0; done < count;) {
    if (performance.now() - startedMs > msMax)
      throw new Error(`only ${done} of ${count} events within ${msMax / 1000} s`);
    await delay(pollMs);
    for (const [role, child] of Object.entries(roles))
      most[role as KafkaRole] = Math.max(most[role as KafkaRole], Math.round((await readResidentMib(child.pid!)) ?? 0));
    const [at] = await database.query<{ appended: number; shipped: number; done: number }>(
      `select (select sum(next_offset) from roost.partition_head where topic = $1)::float8 as appended,
        (select coalesce(sum(next_offset), 0) from roost.cursor where group_name = 'kafka-relay' and topic = $1)::float8 as shipped,
        (select coalesce(sum(count), 0) from public.projection)::float8 as done`,
      [benchEvent.topic],
    );
    if (at!.appended >= count) appendedMs ??= performance.now() - startedMs;
    if (at!.shipped >= count) shippedMs ??= performance.now() - startedMs;
    done = at!.done;
    if (performance.now() - toldMs < progressMs) continue;
    toldMs = performance.now();
    onProgress(
      `after ${Math.round((toldMs - startedMs) / 1000)} s: ${at!.appended.toLocaleString("en")} appended, ${at!.shipped.toLocaleString("en")} shipped, ${done.toLocaleString("en")} projected`,
    );
  }
  const wholeMs = performance.now() - startedMs;
  const rate = (ms: number) => `${Math.round((count / ms) * 1000).toLocaleString("en")}/s`;
  const seconds = (ms = wholeMs) => `${(ms / 1000).toFixed(1)} s (${rate(ms)})`;
  const mostMb = Math.max(...Object.values(most));
  const figures: Figure[] = [
    {
      name: `${count.toLocaleString("en")} events to Kafka and back, with a projection`,
      value: seconds(),
      details: `appended after ${seconds(appendedMs)}, shipped after ${seconds(shippedMs)}; one broker, ${partitionCount} partitions, all at once`,
      aim: `≤ ${aimMs / 60_000} minutes`,
      isMet: wholeMs <= aimMs * (count / eventCount),
    },
    {
      name: "memory of a role, at most",
      value: `${mostMb} MiB`,
      details: Object.entries(most)
        .map(([role, mb]) => `${role} ${mb} MiB`)
        .join(", "),
      aim: `≤ ${aimMb} MiB`,
      isMet: mostMb <= aimMb,
    },
  ];
  return figures;
};
