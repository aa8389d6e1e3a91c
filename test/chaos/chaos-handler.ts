/** Executes a run's program with the worker's real durable steps, and calls the world outside as a tool would. */
import type { StepCall, StepResult } from "@roost/agent";
import { RoostError, type JsonObject } from "@roost/base";
import { createRun, finishRun, reserveSpend, type ClaimedRun, type Kernel, type Owned } from "@roost/kernel";
import type { Telemetry } from "@roost/telemetry";
import type { RunHandler } from "@roost/worker";
import { createDurableSteps, type DurableSteps } from "../../packages/worker/src/steps/create-durable-steps.ts";
import { readChaosProgram, type ChaosOperation } from "./chaos-program.ts";

interface Work {
  kernel: Kernel;
  owned: Owned;
  steps: DurableSteps;
  effectUrl: string;
  seq: number;
}

export function createChaosHandler(options: { kernel: Kernel; telemetry: Telemetry; effectUrl: string }): RunHandler {
  const { kernel, telemetry, effectUrl } = options;
  return async (run: ClaimedRun, { signal }) => {
    const owned = { runId: run.id, epoch: run.epoch };
    const steps = createDurableSteps({ kernel, run, signal, telemetry, onUnknown: "tell" });
    const program = readChaosProgram(run.input);
    for (const [index, operation] of program.entries()) {
      const outcome = await perform({ kernel, owned, steps, effectUrl, seq: index + 1 }, operation);
      if (outcome.state === "failed") throw new RoostError(outcome.error.code, outcome.error.message);
    }
    await finishRun(kernel, owned, { state: "done", output: program.length });
  };
}

async function perform(work: Work, operation: ChaosOperation) {
  const { steps, kernel, owned, seq } = work;
  const input = operation as unknown as JsonObject;
  const tool = { kind: "tool", input } as const;
  switch (operation.op) {
    case "keyed":
      return steps.step(`keyed ${seq}`, { ...tool, effect: "idempotent" }, (call) =>
        ask(work, "keyed", call, operation.effectId),
      );
    case "plain":
      return steps.step(`plain ${seq}`, { ...tool, effect: "unsafe" }, (call) =>
        ask(work, "plain", call, operation.effectId),
      );
    case "read":
      return steps.step(`read ${seq}`, { ...tool, effect: "readonly" }, (call) => ask(work, "read", call, ""));
    case "spend":
      return steps.step(`spend ${seq}`, { kind: "model", input, effect: "readonly" }, async (call) => {
        await reserveSpend(kernel, owned, { seq, usd: 0.01, tokens: 100 });
        return ask(work, "read", call, "");
      });
    case "wait":
      return steps.step(`wait ${seq}`, { ...tool, effect: "readonly" }, async () => ({
        state: "waiting" as const,
        wait: { kind: "time", until: new Date(kernel.clock.nowMs() + operation.ms).toISOString() },
      }));
    case "child":
      return steps.step(`child ${seq}`, { ...tool, effect: "idempotent" }, async () => {
        const child = {
          reason: "chaos: a part of it",
          handler: "chaos",
          input: { program: operation.program as never },
        };
        const { runId } = await kernel.transact((tx) => createRun(tx, { ...child, parent: { ...owned, seq } }));
        return { state: "waiting" as const, wait: { kind: "child", runId } };
      });
  }
}

/** A refusal is a failure; silence after the request was sent may be anything. */
async function ask(
  { effectUrl }: Work,
  path: "keyed" | "plain" | "read",
  call: StepCall,
  effectId: string,
): Promise<StepResult<JsonObject>> {
  try {
    const response = await fetch(`${effectUrl}/${path}`, {
      method: "POST",
      headers: { "idempotency-key": call.idempotencyKey },
      body: JSON.stringify({ effectId }),
      signal: call.signal,
    });
    if (response.ok) return { state: "done", output: (await response.json()) as JsonObject };
    const message = `the world refused with ${response.status}`;
    return { state: "failed", error: { code: "unavailable", message, isRetryable: true } };
  } catch (error) {
    return { state: "unknown", message: `no answer came: ${String(error)}` };
  }
}
