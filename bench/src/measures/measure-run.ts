/** A run of three steps from its creation to its end, each transition durable (fsync on) before the next begins. */
import {
  beginStep,
  claimRuns,
  createRun,
  finishRun,
  registerWorker,
  type Kernel,
  type FinishedStep,
} from "@roost/kernel";
import { formatMs, type Measure } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { statistics } from "../statistics.ts";

const aimMsMax = 15;
const stepCount = 3;
/** Its worker renews no lease meanwhile. */
const benchMsMax = 3_600_000;

export const measureRun: Measure = async ({ isQuick, onProgress }) => {
  onProgress(`a run of ${stepCount} steps`);
  await using opened = await openDurableDatabase();
  const { kernel, database } = opened;
  await using worker = await registerWorker(kernel, {
    kind: "worker",
    host: "bench",
    pid: process.pid,
    ttlMs: benchMsMax,
  });
  const [warmUps, count] = isQuick ? [3, 10] : [100, 500];
  const measured: number[] = [];
  const commits: number[] = [];
  for (let round = -warmUps; round < count; round += 1) {
    const startMs = performance.now();
    await runThrough(kernel, worker.workerId);
    if (round >= 0) measured.push(performance.now() - startMs);
    // The floor under everything durable, in the same minute on the same disk.
    const commitMs = performance.now();
    await database.transact((tx) =>
      tx.query("update roost.worker set seen_at = roost.now() where id = $1", [worker.workerId]),
    );
    if (round >= 0) commits.push(performance.now() - commitMs);
  }
  const [run, commit] = [statistics(measured), statistics(commits)];
  return [
    {
      name: `run of ${stepCount} steps, p50`,
      value: formatMs(run.p50),
      details: `p99 ${formatMs(run.p99)}, ${run.count} runs; one durable update of one row takes ${formatMs(commit.p50)} here`,
      aim: `≤ ${aimMsMax} ms`,
      isMet: run.p50 <= aimMsMax,
    },
  ];
};

/** Six commits: created, claimed, three intents, each with the outcome of the step before, and the end with the last outcome. */
async function runThrough(kernel: Kernel, workerId: string): Promise<void> {
  await kernel.transact((tx) => createRun(tx, { reason: "a benchmark", handler: "bench", input: {} }));
  const [claimed] = await claimRuns(kernel, { workerId, queues: ["default"], limit: 1 });
  const owned = { runId: claimed!.id, epoch: claimed!.epoch };
  // As a worker does with effects that may be repeated; what may not is recorded at once, for two commits each.
  let finishing: FinishedStep[] = [];
  for (let seq = 1; seq <= stepCount; seq += 1) {
    const step = { seq, name: `step ${seq}`, kind: "tool", effect: "idempotent" as const, input: { seq } };
    await beginStep(kernel, owned, step, { finishing });
    finishing = [{ seq, state: "done", output: `output ${seq}` }];
  }
  await finishRun(kernel, owned, { state: "done", output: "done" }, { finishing });
}
