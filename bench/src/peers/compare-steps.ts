/** Durable runs of three and four steps: how many a second, and how long each takes. */
import { having, measureSeries, type Compare } from "./measure-series.ts";
import { startPeers } from "./start-peers.ts";

const cases = [
  { steps: 3, concurrency: 1 },
  { steps: 3, concurrency: 10 },
  { steps: 3, concurrency: 100 },
  { steps: 4, concurrency: 10 },
];

export const compareSteps: Compare = async (context) => {
  await using started = await startPeers(context.bench, having(context, "steps"));
  const rows = await measureSeries(
    context,
    started,
    cases.map((parameters) => ({ workload: "steps", parameters, countMax: 3_000 })),
  );
  const columns = (figure: "perSecond" | "p50Ms" | "p99Ms", unit: "perSecond" | "ms") =>
    cases.map(({ steps, concurrency }) => ({ title: `${steps} steps, ${concurrency} at once`, figure, unit }));
  const explanation =
    "From the call that starts a run to the answer that it is over, each step's outcome on disk before the next begins; as many callers as are named, each of which waits. Steps that may run again promise what those of the others do: after a crash between a step and its record the step runs again.";
  return [
    { title: "Durable runs a second", explanation, columns: columns("perSecond", "perSecond"), rows, notes: [] },
    {
      title: "Durable runs, p50 in ms",
      explanation: "Of the same runs.",
      columns: columns("p50Ms", "ms"),
      rows,
      notes: [],
    },
    {
      title: "Durable runs, p99 in ms",
      explanation: "Of the same runs.",
      columns: columns("p99Ms", "ms"),
      rows,
      notes: [],
    },
  ];
};
