// What an agent's run does, in durable steps: decide whether a model is needed, call it and its tools, and report. The caller provides
// steps, models and the end of the run: the worker's handler records them, a replay compares them.

import {
  agentLimitDefaults,
  runAgentLoop,
  type AgentContext,
  type AgentDelta,
  type AgentLimits,
  type AgentOutcome,
  type Approvals,
  type Children,
  type Permit,
  type PermitCall,
  type ReserveSpend,
  type StepRunner,
} from "@roost/agent";
import { stripHeartbeatToken } from "@roost/agent/heartbeat";
import { deliveryTargets, type AgentDefinition, type DeliveryTarget } from "@roost/contract/operations";
import type { JsonObject, JsonValue, Logger } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { ClaimedRun, Kernel, KernelTransaction, RunError, RunOutcome } from "@roost/kernel";
import {
  appendReply,
  hasSkills,
  heartbeatDecision,
  isBesideConversation,
  keepPart,
  leaveOrder,
  namedPart,
  readPart,
  rememberHeartbeat,
  runMessage,
  sourcesOf,
  type Memory,
} from "@roost/memory";
import { createRunHooks, type Hook } from "./hooks/create-run-hooks.ts";
import { permitCalls } from "./approvals/permit-calls.ts";
import type { ModelsFor } from "./models/choose-models.ts";
import { tellUnmet } from "./models/tell-unmet.ts";
import type { LookOutside } from "./outside/look-outside.ts";
import { readAnswerForm } from "./read-answer-form.ts";
import { remarkOn } from "./remark-on.ts";
import { firstToolsOf } from "./tools/create-tools-for.ts";
import { deliverNotice } from "./notices/deliver-notice.ts";
import { noticeTarget } from "./notices/record-notice.ts";
import type { ToolsFor } from "./tools/create-tools-for.ts";

export interface AgentTurn {
  kernel: Kernel;
  memory: Memory;
  run: ClaimedRun;
  /** The definition of the run's agent. */
  agent: AgentDefinition;
  signal: AbortSignal;
  logger: Logger;
  steps: StepRunner;
  /** Current labels of the run. */
  labels: () => Promise<Labels>;
  modelsFor: ModelsFor;
  toolsFor: ToolsFor;
  /** There is no model: effects are not performed. */
  isRehearsal: boolean;
  /** From the current home and log. */
  context: () => Promise<AgentContext>;
  approvals: Approvals;
  /** Of the settings. Default: none. */
  hooks?: readonly Hook[] | undefined;
  /** What a heartbeat looks at before it decides. Default: nothing. */
  lookOutside?: LookOutside | undefined;
  /** Waits for runs that this one starts. */
  children?: Children;
  reserveSpend?: ReserveSpend;
  onDelta?: (delta: AgentDelta) => void;
  /** Whether a heartbeat delivered this text recently. */
  isRepeated: (text: string) => Promise<boolean>;
  /** Ends the run, with further writes in the same transaction. */
  end: (outcome: RunOutcome, alongside?: (tx: KernelTransaction) => Promise<void>) => Promise<void>;
}

/** @throws what steps and `end` throw */
export async function runTurn(turn: AgentTurn): Promise<void> {
  const { kernel, run, signal, steps } = turn;
  const hooks = await createRunHooks({ kernel, run, steps, hooks: turn.hooks ?? [] });
  // A run with postconditions has work to do even when nothing has changed.
  if (run.sessionKind === "heartbeat") {
    const decision = run.postconditions === null ? await decideHeartbeat(turn) : await turn.lookOutside?.(signal);
    if (decision?.call === false)
      return turn.end({ state: "done", output: { kind: "quiet", reason: decision.reason } });
  }
  const tools = await turn.toolsFor(run, turn.agent);
  const outcome = await runAgentLoop({
    steps,
    model: tellUnmet(turn.modelsFor(run, turn.agent), run),
    tools,
    form: readAnswerForm(run, tools),
    firstTools: firstToolsOf(run, turn.agent, {
      hasSkills: await hasSkills(turn.memory, turn.agent),
      hasSources: sourcesOf(turn.memory).length > 0,
    }),
    services: [...(turn.agent.services ?? []), ...(turn.agent.mcp ?? [])],
    context: turn.context,
    leaveOrder,
    clock: kernel.clock,
    signal,
    logger: turn.logger,
    limits: {
      ...limitsOf(run),
      reserveSpend: turn.reserveSpend,
      deadlineMs: run.deadlineAt?.getTime(),
    },
    isStartedByPerson: run.jobId === null && run.parentRunId === null,
    onDelta: turn.onDelta,
    keepPart: ({ bytes, name, labels }) => keepPart(turn.memory, { content: bytes, name, labels, runId: run.id }),
    readPart: async (sha256) => (await readPart(turn.memory, sha256))?.bytes,
    task: run.input["task"] === "summarise" ? ("summarise" as const) : undefined,
    permit: turn.isRehearsal ? permitReadonly : permitCalls(turn.agent),
    approvals: turn.approvals,
    children: turn.children,
    hooks,
    loopVersion: run.loopVersion ?? undefined,
  });
  await conclude(turn, outcome);
}

/** A run that goes on from steps of another has a run's limits for what follows. Which steps those are is recorded, so that a replay has the same. */
function limitsOf({ steps }: ClaimedRun): Pick<AgentLimits, "turnsMax" | "toolCallsMax"> {
  const taken = steps.filter(({ epoch, reopened }) => epoch === 0 && !reopened);
  const countOf = (kind: string) => taken.filter((step) => step.kind === kind).length;
  return {
    turnsMax: agentLimitDefaults.turnsMax + countOf("model"),
    toolCallsMax: agentLimitDefaults.toolCallsMax + countOf("tool"),
  };
}

/** In a rehearsal effects are recorded as not performed. */
function permitReadonly({ tool }: Parameters<PermitCall>[0]): Permit {
  return tool.effect === "readonly"
    ? { state: "granted" }
    : { state: "refused", reason: "this run is a rehearsal, effects are not performed" };
}

type Decision = { call: true; because: string[] } | { call: false; reason: string };

/** A recorded step, so that a resumed heartbeat decides the same. */
async function decideHeartbeat({ memory, run, agent, steps, signal, lookOutside }: AgentTurn): Promise<Decision> {
  const outcome = await steps.step<Decision>("heartbeat-check", { kind: "context", effect: "readonly" }, async () => {
    await lookOutside?.(signal);
    return { state: "done", output: await heartbeatDecision(memory, run, agent) };
  });
  return outcome.state === "done" ? outcome.output : { call: true, because: ["the check itself failed"] };
}

async function conclude(turn: AgentTurn, outcome: AgentOutcome): Promise<void> {
  const { run, signal } = turn;
  if (outcome.kind === "cancelled") {
    if ((signal.reason as Error | undefined)?.name === "RunCancelled") return turn.end({ state: "cancelled" });
    throw signal.reason;
  }
  if (outcome.kind === "failed") {
    const { code, message, isRetryable, retryAtMs } = outcome.error;
    const error: RunError = { code, message, isRetryable, retryAtMs };
    return turn.end({ state: "failed", error }, await replyOfFailure(turn, outcome, message));
  }
  const totals = summaryOf(outcome);
  if (outcome.kind === "limit_exceeded") {
    const error: RunError = { code: "limit_exceeded", message: outcome.message, isRetryable: false };
    return turn.end(
      { state: "failed", error, output: { kind: "stopped", text: outcome.text, ...totals } },
      await replyOfFailure(turn, outcome, outcome.message),
    );
  }
  if (run.sessionKind === "heartbeat") return concludeHeartbeat(turn, outcome, totals);
  const { text, shouldDeliver } = stripHeartbeatToken(outcome.text, { mode: "message" });
  const reply = shouldDeliver ? text : "";
  // HEARTBEAT_OK alone is an answer.
  const remark = reply === "" && outcome.text.trim() !== "" ? undefined : remarkOn(outcome);
  const told = remark === undefined ? {} : { remark };
  if (reply !== "" && isForPerson(run))
    await deliverNotice(turn.steps, {
      kernel: turn.kernel,
      run,
      text: remark === undefined ? reply : `${reply}\n(${remark})`,
      target: deliveryOf(run) ?? noticeTarget(turn.memory),
      isRehearsal: turn.isRehearsal,
    });
  // Later readers of the conversation see why there is no answer.
  const said = reply === "" && remark !== undefined && run.jobId === null ? `(no answer: ${remark})` : reply;
  return turn.end(
    { state: "done", output: { kind: "reply", text: reply, ...told, ...madeBy(outcome), ...totals } },
    await replyTo(turn, outcome, said),
  );
}

/** Enters the conversation with the end of the run; a run beside it brings its prompt along, one about it only its summary. */
async function replyTo(
  { run, memory, labels: read }: AgentTurn,
  { messages, isRehearsed, summarised }: AgentOutcome,
  said: string,
): Promise<(tx: KernelTransaction) => Promise<void>> {
  const labels = await read();
  const asked = isBesideConversation(run) ? await runMessage(memory, run) : undefined;
  const text = run.input["task"] === "summarise" ? "" : said;
  return (tx) => appendReply(tx, { run, labels, text, messages, asked, isRehearsed, summarised });
}

/** A reminder by a job of main goes into a transcript that may not be open, so it also comes as a notice, unless the job says otherwise. */
function isForPerson({ jobId, sessionKind, input }: ClaimedRun): boolean {
  if (jobId === null) return false;
  if (input["deliver"] !== undefined) return true;
  return input["tell"] === "person" || (input["tell"] === undefined && sessionKind === "main");
}

/** The target that its job names. */
function deliveryOf({ input }: ClaimedRun): DeliveryTarget | undefined {
  return deliveryTargets.find((target) => target === input["deliver"]);
}

/** An empty answer of a heartbeat does not mean that all is well. */
function emptyRemark(outcome: Extract<AgentOutcome, { kind: "replied" }>): string | undefined {
  return outcome.text.trim() === "" ? remarkOn(outcome) : undefined;
}

/** Why a heartbeat with something to say was quiet. */
export const repeatedReason = "the same was said within 24 hours";

/** HEARTBEAT_OK delivers nothing; other texts are delivered, the same text at most once a day. */
async function concludeHeartbeat(
  turn: AgentTurn,
  outcome: Extract<AgentOutcome, { kind: "replied" }>,
  totals: JsonObject,
): Promise<void> {
  const { memory, run } = turn;
  const ackCharsMax = memory.settings.heartbeat.ackCharsMax;
  const stripped = stripHeartbeatToken(outcome.text, { mode: "heartbeat", ackCharsMax });
  const isRepeated = await turn.isRepeated(stripped.text);
  const { target } = memory.settings.heartbeat;
  if (!stripped.shouldDeliver || isRepeated || target === "none") {
    const reason = !stripped.shouldDeliver
      ? (emptyRemark(outcome) ?? "nothing needs attention")
      : isRepeated
        ? repeatedReason
        : "heartbeat.target in roost.yaml is none";
    return turn.end({ state: "done", output: { kind: "quiet", reason, ...totals } }, (tx) =>
      rememberHeartbeat(tx, { run }),
    );
  }
  const { kernel, isRehearsal } = turn;
  await deliverNotice(turn.steps, {
    kernel,
    run,
    text: stripped.text,
    target: target === undefined || target === "webhook" ? noticeTarget(memory) : target,
    isRehearsal,
  });
  await turn.end({ state: "done", output: { kind: "reply", text: stripped.text, ...totals } }, (tx) =>
    rememberHeartbeat(tx, { run, text: stripped.text }),
  );
}

/** In a conversation the person reads why there is no answer, unless the run will be retried; a summary that was written is kept. */
async function replyOfFailure(
  turn: AgentTurn,
  outcome: AgentOutcome,
  message: string,
): Promise<((tx: KernelTransaction) => Promise<void>) | undefined> {
  const { run } = turn;
  const isFinal =
    run.attempt >= run.attemptsMax ||
    outcome.kind === "limit_exceeded" ||
    (outcome.kind === "failed" && !outcome.error.isRetryable);
  return run.sessionKind === "main" && isFinal ? replyTo(turn, outcome, `(no answer: ${message})`) : undefined;
}

/** By reference. */
function madeBy({ parts }: Extract<AgentOutcome, { kind: "replied" }>): JsonObject {
  return parts === undefined ? {} : { parts: parts.map(namedPart) as unknown as JsonValue };
}

function summaryOf(outcome: AgentOutcome): JsonObject {
  return {
    usage: outcome.usage as unknown as JsonValue,
    costUsd: outcome.costUsd,
    turnCount: outcome.turnCount,
    toolCallCount: outcome.toolCallCount,
    isRehearsed: outcome.isRehearsed,
  };
}
