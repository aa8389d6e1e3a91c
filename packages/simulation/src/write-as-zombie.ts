import { beginStep, finishRun, isLeaseLost, type ClaimedRun, type StepRequest } from "@roost/kernel";
import { numberOf, scriptOf } from "./run-script.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { Violation } from "./violation.ts";

const visitsMax = 4;
/** In which another comes to own the run. */
const idleTurns = 6;
/** Of a step that no script has. */
const late: StepRequest = { seq: 100, name: "late", kind: "late", effect: "readonly", input: {} };
const error = { code: "internal", message: "too late" };

/**
 * An owner whose run is not his any more writes all the same, as one does who was paused or did not hear. At his old epoch he is refused,
 * whichever process owns the run by now; only its own failure, reported again, is no news.
 */
export async function writeAsZombie(process: SimulatedProcess, run: ClaimedRun): Promise<void> {
  if (!scriptOf(numberOf(run.input)).isZombie) return;
  const { kernel, surroundings } = process;
  const owned = { runId: run.id, epoch: run.epoch };
  const writes = {
    "a late beginStep": () => beginStep(kernel, owned, late),
    "a late finishRun as done": () => finishRun(kernel, owned, { state: "done" }),
    "a late finishRun as failed": () => finishRun(kernel, owned, { state: "failed", error }),
  };
  for (let visit = 0; visit < visitsMax; visit += 1) {
    for (let turn = 0; turn < idleTurns; turn += 1) await process.idle();
    const [what, write] = process.random.pick(Object.entries(writes));
    if (!(await process.insist(() => isAccepted(write())))) continue;
    if (what !== "a late finishRun as failed")
      throw new Violation(`${what} was accepted from who had owned run ${run.id} at epoch ${run.epoch}`);
    surroundings.history.accepted.push({ owned, what, transaction: process.lastCommitted });
  }
}

async function isAccepted(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (thrown) {
    if (isLeaseLost(thrown)) return false;
    throw thrown;
  }
}
