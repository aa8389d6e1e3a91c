/** Jobs that do nothing, from claim to recorded end: at several widths, and beside 100,000 jobs that never end. */
import type { Measured } from "./peer.ts";
import { having, measureSeries, type Compare, type Series } from "./measure-series.ts";
import { startPeers, type StartedPeer } from "./start-peers.ts";

const stuckCount = 100_000;
const concurrencies = [1, 10, 100];
const stuckConcurrency = 10;

const seriesAt = (concurrency: number): Series => ({
  workload: "claim",
  parameters: { concurrency },
  countMax: 20_000,
});

export const compareClaims: Compare = async (context) => {
  await using started = await startPeers(context.bench, having(context, "claim"));
  const rows = await measureSeries(context, started, concurrencies.map(seriesAt));
  const place = concurrencies.indexOf(stuckConcurrency);
  for (const { variant, cells } of rows) context.bench.claims.set(variant.key, cells[place]!);
  return [
    {
      title: "Jobs that do nothing, from claim to recorded end, a second",
      explanation:
        "Jobs are there before the clock starts. Rows in italics fetch ahead and record ends together; the others take and end each job for itself.",
      columns: concurrencies.map((n) => ({ title: `${n} at once`, figure: "perSecond", unit: "perSecond" })),
      rows,
      notes: [],
    },
  ];
};

export const compareStuck: Compare = async (context) => {
  const count = context.isQuick ? 500 : stuckCount;
  const able = { ...context, variants: having(context, "stick") };
  await using started = await startPeers(context.bench, able.variants);
  const series = [seriesAt(stuckConcurrency)];
  const { claims } = context.bench;
  if (claims.size === 0)
    for (const { variant, cells } of await measureSeries(able, started, series)) claims.set(variant.key, cells[0]!);
  const failures = new Map(started.failures);
  const stuck: StartedPeer[] = [];
  for (const peer of started.peers) {
    context.onProgress(`stuck: ${peer.variant.label} gets ${count} jobs that never end`);
    try {
      await peer.process.workload("stick", { count });
      stuck.push(peer);
    } catch (error) {
      failures.set(peer.variant.key, (error as Error).message);
    }
  }
  const rows = (await measureSeries(able, { peers: stuck, failures }, series)).map(({ variant, cells }) => {
    const [without, beside] = [claims.get(variant.key), cells[0]];
    return { variant, cells: [without, beside, ratioOf(beside, without)] };
  });
  return [
    {
      title: `The same beside ${count.toLocaleString("en")} jobs that a worker took and never ends, ${stuckConcurrency} at once`,
      explanation: "A second, before they were there and beside them.",
      columns: [
        { title: "without", figure: "perSecond", unit: "perSecond" },
        { title: "beside them", figure: "perSecond", unit: "perSecond" },
        { title: "what remains, %", figure: "percent", unit: "count" },
      ],
      rows,
      notes: [],
    },
  ];
};

function ratioOf(part: Measured | undefined, whole: Measured | undefined): Measured | undefined {
  if (part === undefined || whole === undefined || !("figures" in part) || !("figures" in whole)) return undefined;
  const percent = (part.figures["perSecond"]!.median / whole.figures["perSecond"]!.median) * 100;
  return { figures: { percent: { median: percent, min: percent, max: percent } } };
}
