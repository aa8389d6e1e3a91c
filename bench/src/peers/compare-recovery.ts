/**
 * kill -9 of a worker in the middle of a job: how long until the job's code begins again elsewhere, with everybody's defaults. Most
 * of them wait for a timeout meanwhile, and so wait beside each other; Roost is measured alone, five times.
 */
import type { Compare, CompareContext } from "./measure-series.ts";
import type { PeerVariant } from "./peer-variants.ts";
import { medians } from "./measure-by-turns.ts";
import type { Measured } from "./peer.ts";
import { PeerProcess } from "./peer-process.ts";
import { startPeers } from "./start-peers.ts";

const readyMsMax = 20_000;
/** Those that documented a longer wait are told as "not within". */
const waitMsMax = 65_000;
const quickWaitMsMax = 3_000;

export const compareRecovery: Compare = async (context) => {
  const able = context.variants.filter((variant) => variant.workloads.includes("recovery"));
  const rounds = context.isQuick ? 1 : 5;
  const measured = new Map<string, Measured>();
  const [own, others] = [able.filter((one) => one.peer === "roost"), able.filter((one) => one.peer !== "roost")];
  for (const variant of own) {
    const results: { ms: number }[] = [];
    try {
      for (let round = 1; round <= rounds; round += 1) {
        context.onProgress(`recovery: ${variant.label}, ${round} of ${rounds}`);
        results.push({ ms: await killOnce(context, variant) });
      }
      measured.set(variant.key, { figures: medians(results) });
    } catch (error) {
      measured.set(variant.key, { notMeasured: (error as Error).message });
    }
  }
  context.onProgress(`recovery: ${others.map((variant) => variant.label).join(", ")}, beside each other`);
  await Promise.all(
    others.map(async (variant) => {
      try {
        measured.set(variant.key, { figures: medians([{ ms: await killOnce(context, variant) }]) });
      } catch (error) {
        measured.set(variant.key, { notMeasured: (error as Error).message });
      }
    }),
  );
  return [
    {
      title: "kill -9 of a worker: until its job begins again elsewhere",
      explanation:
        "A second worker is there already; of DBOS, which without its conductor recovers at a start, the same process starts again, and that start is counted. pg-boss has its optional heartbeat on, at the least it takes (10 s).",
      columns: [{ title: "ms", figure: "ms", unit: "ms" }],
      rows: able.map((variant) => ({ variant, cells: [measured.get(variant.key)] })),
      notes: [],
    },
  ];
};

async function killOnce({ bench, isQuick }: CompareContext, variant: PeerVariant): Promise<number> {
  await using started = await startPeers(bench, [variant]);
  const failure = started.failures.get(variant.key);
  if (failure !== undefined) throw new Error(failure);
  const first = started.peers[0]!;
  const startSecond = async (): Promise<PeerProcess> => {
    const second = new PeerProcess(variant.program, [variant.mode]);
    await second.join(first.setup);
    work(second, "second");
    return second;
  };
  work(first.process, "first");
  await first.process.happened("began", readyMsMax);
  const waitMs = isQuick ? quickWaitMsMax : waitMsMax;
  if (variant.peer === "dbos") {
    const killMs = Date.now();
    await first.process.kill();
    await using second = await startSecond();
    return (await second.happened("began", waitMs)) - killMs;
  }
  await using second = await startSecond();
  await second.happened("ready", readyMsMax);
  const killMs = Date.now();
  await first.process.kill();
  return (await second.happened("began", waitMs)) - killMs;
}

/** It never comes back: its worker is killed, or ended with its process. */
function work(process: PeerProcess, role: "first" | "second"): void {
  process.workload("recovery", { role }).catch(() => undefined);
}
