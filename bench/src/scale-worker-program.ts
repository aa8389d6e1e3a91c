/** A worker whose runs are three steps that may run again, each recorded before the next; ended by its starter. */
import { silentLogger } from "@roost/base";
import { openDatabase } from "@roost/database";
import { beginStep, finishRun, openKernel, type ClaimedRun, type FinishedStep } from "@roost/kernel";
import { runWorker, type RunCall } from "@roost/worker";

const stepCount = 3;
const concurrencyMax = 10;

const url = process.argv[2]!;
await using database = await openDatabase({ url, applicationName: "bench worker", logger: silentLogger, poolMax: 8 });
await using kernel = await openKernel({ database, logger: silentLogger, migrate: false });
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
await runWorker({
  kernel,
  handlers: { bench: work },
  logger: silentLogger,
  signal: stop.signal,
  concurrencyMax,
  pid: process.pid,
});

async function work({ id, epoch }: ClaimedRun, { claimer }: RunCall): Promise<void> {
  const owned = { runId: id, epoch };
  let finishing: FinishedStep[] = [];
  for (let seq = 1; seq <= stepCount; seq += 1) {
    const step = { seq, name: `step ${seq}`, kind: "tool", effect: "idempotent" as const, input: { seq } };
    await beginStep(kernel, owned, step, { finishing });
    finishing = [{ seq, state: "done", output: `output ${seq}` }];
  }
  await finishRun(kernel, owned, { state: "done" }, { finishing, claimer });
}
