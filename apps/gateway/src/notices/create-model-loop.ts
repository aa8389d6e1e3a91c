/** Tells the person that the model does not answer, and that it does again. It calls no model: it asks whether its server is there. */
import { noteFailure, noteWell, type Kernel, type SchedulerLoop } from "@roost/kernel";

const pollMs = 120_000;
/** A server that restarts is away once. */
const toldFrom = 2;

export interface ModelLoopOptions {
  /** What a person should fix; null: nothing is known. */
  findProblem: () => Promise<string | null>;
  timeZone: string;
}

export function createModelLoop(kernel: Kernel, { findProblem, timeZone }: ModelLoopOptions): SchedulerLoop {
  const model = { what: "model", name: "The model", source: "gateway", toldFrom };
  let isFailing = true;
  return {
    name: "model",
    channels: () => [],
    pollMs,
    look: async () => {
      const reason = await findProblem();
      if (reason !== null)
        await kernel.transact((tx) => noteFailure(tx, { ...model, reason, next: "See roost doctor", timeZone }));
      // Another process, or an earlier one, may have noted it.
      else if (isFailing) await kernel.transact((tx) => noteWell(tx, model));
      isFailing = reason !== null;
      return {};
    },
  };
}
