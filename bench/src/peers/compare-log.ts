/** Events appended and read: one at a time and in batches, beside plain INSERTs into a table with the log's columns. */
import { having, measureSeries, type Compare } from "./measure-series.ts";
import { startPeers } from "./start-peers.ts";

export const compareLog: Compare = async (context) => {
  const appends = [
    { title: "append, 16 writers, one each", parameters: { batch: 1, writers: 16 } },
    { title: "append, 1 writer, 500 each", parameters: { batch: 500, writers: 1 } },
    { title: "append, 4 writers, 500 each", parameters: { batch: 500, writers: 4 } },
  ];
  const reads = [
    { title: "read one", parameters: { batch: 1 } },
    { title: "read 500", parameters: { batch: 500 } },
  ];
  await using started = await startPeers(context.bench, having(context, "append"));
  const rows = await measureSeries(context, started, [
    ...appends.map(({ parameters }) => ({ workload: "append" as const, parameters, countMax: 30_000 })),
    ...reads.map(({ parameters }) => ({ workload: "read" as const, parameters, countMax: 60_000 })),
  ]);
  return [
    {
      title: "Events of 1 KB a second",
      explanation: "Appended durably, and read by their place, one page after the other.",
      columns: [...appends, ...reads].map(({ title }) => ({ title, figure: "perSecond", unit: "perSecond" })),
      rows,
      notes: [],
    },
  ];
};
