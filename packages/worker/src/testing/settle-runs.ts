import { loopVersions } from "@roost/agent/journal";
import { silentLogger } from "@roost/base";
import { claimRuns, registerWorker } from "@roost/kernel";
import { createAgentHandler } from "../create-agent-handler.ts";
import { executeRun } from "../execute-run.ts";
import type { LookOutside } from "../outside/look-outside.ts";
import type { TestHome } from "./open-test-home.ts";

interface Settled {
  /** Runs that were executed at the same time, most of them. */
  mostAtOnce: number;
}

/** Executes what is ready, all of it at once, until nothing is. `dieIn`: the first worker is killed after that tool has acted, or after `look`. */
export async function settleRuns(
  home: Pick<TestHome, "kernel" | "handlerOptions">,
  { dieIn, lookOutside, ...options }: { dieIn?: string; lookOutside?: LookOutside | undefined } = {},
): Promise<Settled> {
  let mostAtOnce = 0;
  let hasDied = false;
  for (;;) {
    const worker = await registerWorker(home.kernel, { kind: "worker", host: "test", pid: process.pid });
    const claim = { workerId: worker.workerId, queues: ["default"], limit: 20, loopVersions };
    const runs = await claimRuns(home.kernel, claim);
    mostAtOnce = Math.max(mostAtOnce, runs.length);
    const killed = new AbortController();
    const diesAfter = (what: string): boolean => {
      if (what !== dieIn || hasDied) return false;
      hasDied = true;
      killed.abort(new Error("killed"));
      return true;
    };
    const agent = createAgentHandler({
      ...home.handlerOptions,
      ...options,
      lookOutside:
        lookOutside &&
        (async (signal) => {
          await lookOutside(signal);
          if (diesAfter("look")) throw killed.signal.reason;
        }),
      toolsFor: async (run, definition) =>
        (await home.handlerOptions.toolsFor(run, definition)).map((tool) => ({
          ...tool,
          execute: async (input, toolCall) => {
            const result = await tool.execute(input, toolCall);
            return diesAfter(tool.name) ? new Promise(() => undefined) : result;
          },
        })),
    });
    const execution = { kernel: home.kernel, handlers: { agent }, logger: silentLogger };
    await Promise.all(runs.map((run) => executeRun(execution, run, killed.signal)));
    await worker.release();
    if (runs.length === 0) return { mostAtOnce };
  }
}
