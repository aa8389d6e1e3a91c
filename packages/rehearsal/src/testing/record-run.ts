import assert from "node:assert/strict";
import {
  beginStep,
  claimRuns,
  createRun,
  finishRun,
  finishStep,
  registerWorker,
  reserveSpend,
  type Kernel,
} from "@roost/kernel";
import type { TestKernel } from "@roost/kernel/testing";

export interface RecordedRun {
  jobId: string;
  durationMs: number;
  /** Of its one model call. */
  outputTokens?: number;
  text?: string;
  /** Its tool calls, by name, with arguments. */
  tools?: [name: string, input: Record<string, string>][];
}

/** Records a run of a job that took its time and ended well, as in the home's history. Moves the clock. */
export async function recordRun({ kernel, clock }: TestKernel, run: RecordedRun): Promise<void> {
  const { jobId, durationMs, outputTokens = 400, text = "done", tools = [] } = run;
  const { runId } = await kernel.transact((tx) =>
    createRun(tx, {
      reason: "history",
      input: { prompt: "" },
      sessionKind: "cron",
      sessionKey: `cron:${jobId}`,
      agent: "main",
      job: { id: jobId, version: 1, tickKey: `manual:${kernel.createId()}` },
    }),
  );
  const ttlMs = 2 * durationMs + 60_000;
  await using worker = await registerWorker(kernel, { kind: "worker", host: "test", pid: process.pid, ttlMs });
  const [claimed] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
  assert.equal(claimed?.id, runId);
  const owned = { runId, epoch: claimed.epoch };
  await step(kernel, owned, 1, { name: "model#1", kind: "model", effect: "readonly", input: {} });
  await reserveSpend(kernel, owned, { seq: 1, usd: 0, tokens: 1_000 });
  await clock.advance(durationMs);
  const usage = { inputTokens: 1_000, outputTokens, cachedTokens: null, reasoningTokens: null };
  await finishStep(kernel, owned, { seq: 1, state: "done", output: {}, usage });
  for (const [index, [name, input]] of tools.entries()) {
    const seq = index + 2;
    await step(kernel, owned, seq, { name: `tool:${name}#${index + 1}`, kind: "tool", effect: "idempotent", input });
    await finishStep(kernel, owned, { seq, state: "done", output: { text: "done" } });
  }
  await finishRun(kernel, owned, { state: "done", output: { kind: "reply", text } });
}

async function step(
  kernel: Kernel,
  owned: { runId: string; epoch: number },
  seq: number,
  request: { name: string; kind: string; effect: "readonly" | "idempotent"; input: Record<string, string> },
): Promise<void> {
  await beginStep(kernel, owned, { seq, ...request });
}
