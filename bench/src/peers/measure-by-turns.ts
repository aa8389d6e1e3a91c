/**
 * The same workload by several programs, by turns: one measurement of each, then the next round. What disturbs the machine for a
 * while so disturbs all of them. A program that fails is told with its reason and left out.
 */
import { statistics } from "../statistics.ts";
import type { Measured, Median, WorkloadParameters, WorkloadName, WorkloadResult } from "./peer.ts";
import type { StartedPeer } from "./start-peers.ts";

export interface Turns {
  workload: WorkloadName;
  parameters: WorkloadParameters;
  rounds: number;
  /** How long one measurement should take, and what it is at most and at least made of. */
  seconds: number;
  countMin: number;
  countMax: number;
  onProgress: (text: string) => void;
}

/** Prepared work costs time too: a first guess is this much of what would fill the time. */
const calibrationShare = 0.15;

export async function measureByTurns(peers: readonly StartedPeer[], turns: Turns): Promise<Map<string, Measured>> {
  const { workload, parameters, rounds } = turns;
  const measured = new Map<string, Measured>();
  const counts = new Map<string, number>();
  const results = new Map<string, WorkloadResult[]>();
  for (let round = 0; round <= rounds; round += 1) {
    for (const peer of peers) {
      const { key } = peer.variant;
      if (measured.has(key)) continue;
      turns.onProgress(
        `${describe(turns)}: ${peer.variant.label}, ${round === 0 ? "warming up" : `${round} of ${rounds}`}`,
      );
      try {
        const count = counts.get(key) ?? Math.max(turns.countMin, Math.round(turns.countMax * 0.02));
        const result = await peer.process.workload(workload, { ...parameters, count });
        if (round === 0) counts.set(key, chooseCount(turns, result, count));
        else results.set(key, [...(results.get(key) ?? []), result]);
      } catch (error) {
        measured.set(key, { notMeasured: (error as Error).message });
      }
    }
  }
  for (const [key, list] of results) if (!measured.has(key)) measured.set(key, { figures: medians(list) });
  return measured;
}

/** As many as fill the time at the speed of the first, cold look, which is slower than the warm ones. */
function chooseCount({ seconds, countMin, countMax }: Turns, result: WorkloadResult, count: number): number {
  const perSecond = result["perSecond"];
  if (perSecond === undefined) return count;
  return Math.round(Math.min(countMax, Math.max(countMin, perSecond * seconds * (1 + calibrationShare))));
}

export function medians(results: readonly WorkloadResult[]): Record<string, Median> {
  const names = Object.keys(results[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const { p50, min, max } = statistics(results.map((result) => result[name]!));
      return [name, { median: p50, min, max }];
    }),
  );
}

function describe({ workload, parameters }: Turns): string {
  const facts = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  return [workload, ...facts].join(", ");
}
