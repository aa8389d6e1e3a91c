/** How late scheduled work begins: 1,000 jobs spread over a minute, and 1,000 at one moment. One after the other, each once. */
import type { Compare, CompareContext } from "./measure-series.ts";
import type { TableRow } from "./format-tables.ts";
import type { PeerVariant } from "./peer-variants.ts";
import { medians } from "./measure-by-turns.ts";
import type { Measured } from "./peer.ts";
import { startPeers } from "./start-peers.ts";

const columns = [
  { title: "p50, ms", figure: "p50Ms", unit: "ms" },
  { title: "p99, ms", figure: "p99Ms", unit: "ms" },
  { title: "max, ms", figure: "maxMs", unit: "ms" },
  { title: "not begun in time", figure: "missing", unit: "count" },
  { title: "twice", figure: "twice", unit: "count" },
  { title: "tick recorded, p50", figure: "tickP50Ms", unit: "ms" },
  { title: "tick recorded, p99", figure: "tickP99Ms", unit: "ms" },
] as const;

export const compareCron: Compare = async (context) => {
  const { isQuick } = context;
  const count = isQuick ? 20 : 1_000;
  const spreadMs = isQuick ? 2_000 : 60_000;
  const able = context.variants.filter((variant) => variant.workloads.includes("cron"));
  const minutesOnly = new Set(["graphile", "pg-boss"]);
  const bySecond = able.filter((variant) => !minutesOnly.has(variant.peer));
  const [own, others] = [bySecond.filter(isRoost), bySecond.filter((variant) => !isRoost(variant))];
  const spread = [
    ...(await measureEach(context, own, { count, spreadMs })),
    // Half of it at the same pace: it is a matter of minutes.
    ...(await measureEach(context, others, { count: count / 2, spreadMs: spreadMs / 2 })),
  ];
  // A quick look waits for no full minute.
  const together = await measureEach(
    context,
    able.filter((variant) => !isQuick || !minutesOnly.has(variant.peer)),
    { count, spreadMs: 0 },
  );
  const shown = [...columns];
  const explanation = "From the moment that work was due to its first line of code; 10 at once.";
  return [
    {
      title: `Lateness of ${count.toLocaleString("en")} scheduled jobs within ${spreadMs / 1000} s`,
      explanation: `${explanation} The others have half as many in half the time. graphile-worker and pg-boss schedule by the minute and so are missing.`,
      columns: shown,
      rows: spread,
      notes: [],
    },
    {
      title: `Lateness of ${count.toLocaleString("en")} jobs scheduled for one moment`,
      explanation,
      columns: shown,
      rows: together,
      notes: [],
    },
  ];
};

function isRoost({ peer }: PeerVariant): boolean {
  return peer === "roost";
}

/** Alone each: what lies idle between two ticks must not wait for a neighbour. */
async function measureEach(
  { bench, onProgress }: CompareContext,
  variants: readonly PeerVariant[],
  parameters: { count: number; spreadMs: number },
): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const variant of variants) {
    onProgress(`cron, ${parameters.count} jobs over ${parameters.spreadMs / 1000} s: ${variant.label}`);
    await using started = await startPeers(bench, [variant]);
    let measured: Measured;
    try {
      const failure = started.failures.get(variant.key);
      if (failure !== undefined) throw new Error(failure);
      const result = await started.peers[0]!.process.workload("cron", parameters);
      measured = { figures: medians([result]) };
    } catch (error) {
      measured = { notMeasured: (error as Error).message };
    }
    rows.push({ variant, cells: columns.map(() => measured) });
  }
  return rows;
}
