/** One table's worth of measurements: the same programs under a row of workloads, one column each. */
import type { ResultTable, TableRow } from "./format-tables.ts";
import { measureByTurns } from "./measure-by-turns.ts";
import type { Measured, WorkloadName, WorkloadParameters } from "./peer.ts";
import type { PeerVariant } from "./peer-variants.ts";
import type { Bench, StartedPeer } from "./start-peers.ts";

/** One measurement. With what is prepared before it, all of them stay within a quarter of an hour. */
const secondsEach = 0.4;

export interface CompareContext {
  bench: Bench;
  variants: readonly PeerVariant[];
  isQuick: boolean;
  onProgress: (text: string) => void;
}

export type Compare = (context: CompareContext) => Promise<ResultTable[]>;

export interface Series {
  workload: WorkloadName;
  parameters: WorkloadParameters;
  countMax: number;
}

/** A column for each series; a row for each program that has the workload, those that failed to start included. */
export async function measureSeries(
  { isQuick, onProgress, variants }: CompareContext,
  started: { peers: readonly StartedPeer[]; failures: ReadonlyMap<string, string> },
  series: readonly Series[],
): Promise<TableRow[]> {
  const columns: Map<string, Measured>[] = [];
  for (const { workload, parameters, countMax } of series) {
    const able = started.peers.filter((peer) => peer.variant.workloads.includes(workload));
    columns.push(
      await measureByTurns(able, {
        workload,
        parameters,
        rounds: isQuick ? 1 : 5,
        seconds: isQuick ? 0.1 : secondsEach,
        countMin: isQuick ? 20 : 50,
        countMax: isQuick ? 200 : countMax,
        onProgress,
      }),
    );
  }
  return variants
    .filter((variant) => series.some(({ workload }) => variant.workloads.includes(workload)))
    .map((variant) => {
      const failure = started.failures.get(variant.key);
      const cells = columns.map((column) =>
        failure === undefined ? column.get(variant.key) : { notMeasured: failure },
      );
      return { variant, cells };
    })
    .toSorted((a, b) => Number(a.variant.isBatched) - Number(b.variant.isBatched));
}

/** The programs that have one of these workloads. */
export function having(context: CompareContext, ...workloads: WorkloadName[]): PeerVariant[] {
  return context.variants.filter((variant) => workloads.some((name) => variant.workloads.includes(name)));
}
