/** Heartbeats, as the worker runs them, and what each of them decides. */
import { finishRun, type ClaimedRun } from "@roost/kernel";
import { buildContext } from "../context/build-context.ts";
import { commitDigest } from "../context/commit-digest.ts";
import { heartbeatDecision, type HeartbeatDecision } from "../heartbeat/heartbeat-decision.ts";
import { rememberHeartbeat } from "../heartbeat/remember-heartbeat.ts";
import type { TestMemory } from "./create-test-memory.ts";
import { startJobRun, type TestWorker } from "./run-agent.ts";

export interface Beats {
  /** One heartbeat: the decision, and when a model is called, what it does meanwhile and how it ends. */
  beat(options?: {
    during?: (run: ClaimedRun) => Promise<unknown>;
    end?: "well" | "failed";
    text?: string;
    tickKey?: string;
  }): Promise<HeartbeatDecision>;
}

export function beatsOf(home: TestMemory, worker: TestWorker): Beats {
  return {
    async beat({ during, end = "well", text, tickKey } = {}) {
      await startJobRun(home.kernel, {
        jobId: "heartbeat",
        kind: "heartbeat",
        prompt: "",
        tickKey,
      });
      const run = await worker.claim();
      const decision = await heartbeatDecision(home.memory, run);
      if (decision.call) {
        const built = await buildContext(home.memory, { run });
        await home.kernel.transact((tx) => commitDigest(tx, built));
        await during?.(run);
      }
      if (end === "failed") await worker.fail(run, "401");
      else {
        const remember = decision.call
          ? {
              alongside: (tx: Parameters<typeof rememberHeartbeat>[0]) => rememberHeartbeat(tx, { run, text }),
            }
          : {};
        await finishRun(
          home.kernel,
          { runId: run.id, epoch: run.epoch },
          { state: "done", output: { kind: "quiet" } },
          remember,
        );
      }
      return decision;
    },
  };
}

export const because = (decision: HeartbeatDecision) => (decision.call ? decision.because : decision.reason);
