/** Converts runs of the kernel to records of the contract, with words for people. */
import type { RunSummary, RunRecord } from "@roost/contract/operations";
import type { Run, RunHead } from "@roost/kernel";
import { parseTraceparent, traceparentOfChain } from "@roost/telemetry";
import { iso, isoOrNull } from "./iso.ts";

const titleCharsMax = 120;

const waitingTexts: Record<string, string> = {
  start: "its start time",
  retry: "its next attempt",
  time: "a moment",
  event: "an event",
  person: "a person's answer",
  child: "a run it started",
  resolution: "a person to resolve an effect of unknown outcome",
  slot: "its turn under a concurrency limit",
  rate: "its turn under a rate limit",
};

/** A run as shown in lists. */
export function toRunSummary(run: RunHead): RunSummary {
  return {
    id: run.id,
    state: run.state,
    title: (run.title ?? run.reason).slice(0, titleCharsMax) || run.handler,
    agent: run.agent ?? "main",
    sessionKey: run.sessionKey,
    sessionKind: run.sessionKind,
    jobId: run.jobId,
    parentRunId: run.parentRunId,
    reason: run.reason,
    scheduledAt: isoOrNull(run.scheduledAt),
    lateMs: run.lateMs ?? 0,
    missedCount: run.missedCount ?? 0,
    attempt: run.attempt,
    attemptsMax: run.attemptsMax,
    workerId: run.workerId,
    waitingFor: run.waitingFor === null ? null : (waitingTexts[run.waitingFor] ?? run.waitingFor),
    cancelRequestedAt: isoOrNull(run.cancelRequestedAt),
    error: run.error === null ? null : { code: run.error.code, message: run.error.message },
    costUsd: run.costUsd,
    tokens: run.tokens,
    isRehearsed: run.isRehearsed,
    createdAt: iso(run.createdAt),
    startedAt: isoOrNull(run.startedAt),
    endedAt: isoOrNull(run.endedAt),
  };
}

/** A run with all details. */
export function toRunRecord(run: Run): RunRecord {
  const { usdMax, tokensMax, callsMax } = run.budget;
  return {
    ...toRunSummary(run),
    queue: run.queue,
    epoch: run.epoch,
    deadlineAt: isoOrNull(run.deadlineAt),
    cancelReason: run.cancelReason,
    budget: {
      usdMax,
      tokensMax,
      callsMax,
    },
    postconditions: run.postconditions ?? [],
    jobVersion: run.jobVersion,
    agentVersion: run.agentVersion,
    loopVersion: run.loopVersion,
    retryOf: run.retryOf,
    forkedFrom: run.forkedFrom,
    forkedSeq: run.forkedSeq,
    correlation: run.correlation,
    causation: run.causation,
    traceparent: run.traceparent,
    traceId: parseTraceparent(run.traceparent ?? traceparentOfChain(run.correlation))?.traceId ?? "",
    input: run.input,
    output: run.output,
  };
}
