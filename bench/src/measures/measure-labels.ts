/** A million events read by what a session may know, over the same events read by topic alone, by turns. */
import type { Database } from "@roost/database";
import { readableBy, readTopic, type Kernel, type OffsetVector } from "@roost/kernel";
import { benchEvent } from "../bench-event.ts";
import { formatMs, type Measure } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { statistics } from "../statistics.ts";

const aimRatioMax = 1.2;
const topic = benchEvent.topic;
const pageLimit = 1_000;
const eventsPerInsert = 50_000;
/** Label sets of a busy home: none, of domains, of web pages, of main. */
const sets = [
  "trust:owner",
  "aud:main trust:agent",
  "aud:domain:peeps trust:agent",
  "aud:domain:garden trust:agent",
].flatMap((text) => [
  text,
  ...Array.from({ length: 49 }, (_, n) =>
    `${text.replace(/trust:.*/, "")}src:web:site-${n}.example trust:untrusted`.trim(),
  ),
]);

export const measureLabels: Measure = async ({ isQuick, onProgress }) => {
  const eventCount = isQuick ? 20_000 : 1_000_000;
  onProgress(`${eventCount.toLocaleString("en")} events read by clearance and by topic`);
  await using opened = await openDurableDatabase();
  const { database, kernel } = opened;
  await kernel.registry.register([benchEvent]);
  await fill(database, eventCount);
  const main = await readableBy(database, kernel.labelSets, ["main", "domain:peeps", "domain:garden"]);
  const some = await readableBy(database, kernel.labelSets, ["domain:peeps"]);
  const times = { topic: [] as number[], all: [] as number[], some: [] as number[] };
  const counts = { topic: 0, all: 0, some: 0 };
  for (let round = isQuick ? 0 : -1; round < (isQuick ? 1 : 2); round += 1) {
    for (const [name, readable] of [
      ["topic", undefined],
      ["all", main],
      ["some", some],
    ] as const) {
      const startMs = performance.now();
      counts[name] = await readAll(kernel, readable);
      if (round >= 0) times[name].push(performance.now() - startMs);
    }
  }
  const [byTopic, byAll, bySome] = [statistics(times.topic), statistics(times.all), statistics(times.some)];
  const ratio = byAll.p50 / byTopic.p50;
  return [
    {
      name: "reading the log by clearance, over reading it by topic",
      value: ratio.toFixed(2),
      details: `${formatMs(byAll.p50)} for all ${counts.all} events by a clearance that covers them, ${formatMs(byTopic.p50)} for ${counts.topic} by topic; ${formatMs(bySome.p50)} for the ${counts.some} that another covers; ${sets.length} sets of labels, ${byTopic.count} rounds`,
      aim: `≤ ${aimRatioMax}`,
      isMet: ratio <= aimRatioMax,
    },
  ];
};

async function readAll(kernel: Kernel, readable: Awaited<ReturnType<typeof readableBy>> | undefined): Promise<number> {
  let count = 0;
  let after: OffsetVector = {};
  for (;;) {
    const page = await readTopic(kernel.database, { topic, after, limit: pageLimit, readable });
    count += page.events.length;
    after = page.offsets;
    if (page.isCaughtUp) return count;
  }
}

/** By SQL: the kernel's way is measured elsewhere. */
async function fill(database: Database, eventCount: number): Promise<void> {
  const [row] = await database.query<{ numbers: number[] }>("select roost.number_label_sets_1($1::text[]) as numbers", [
    sets,
  ]);
  for (let from = 0; from < eventCount; from += eventsPerInsert) {
    await database.query("select roost.extend_topic_1($1, $2)", [topic, Math.ceil((from + eventsPerInsert) / 4)]);
    await database.query(
      `insert into roost.event (topic, partition, "offset", id, type, version, source, subject, time, correlation, labels, data)
       select $1, n % 4, n / 4, 'e' || n, $2, 1, 'bench', 's' || n % 1000, roost.now() - ($4 - n) * interval '1 ms', 'c' || n,
         ($5::integer[])[1 + n % cardinality($5::integer[])], '{"n": 1, "text": "what happened, in a few words"}'
       from generate_series($3::bigint, least($4, $3 + $6) - 1) as n`,
      [topic, benchEvent.type, from, eventCount, row!.numbers, eventsPerInsert],
    );
  }
  await database.query("update roost.partition_head set next_offset = $2 where topic = $1", [topic, eventCount / 4]);
  await database.query("analyze roost.event");
}
