// What a run of the kind `agent` does: build its context, think and act in durable steps, and record what came of it
// together with its end. The loop itself is @roost/agent's, the durability the kernel's, the knowledge the memory's.

import { runAgentLoop, type AgentContext, type AgentOutcome, type Tool } from "@roost/agent";
import { isDuplicateReply, stripHeartbeatToken } from "@roost/agent/heartbeat";
import { RoostError, toRoostError, type JsonObject, type JsonValue, type Logger } from "@roost/base";
import {
  finishRun,
  markRehearsal,
  publishStream,
  releaseLocksOfRun,
  type ClaimedRun,
  type Kernel,
  type KernelTransaction,
  type RunError,
  type RunOutcome,
} from "@roost/kernel";
import {
  appendReply,
  buildContext,
  commitDigest,
  heartbeatDecision,
  lastHeartbeat,
  rememberHeartbeat,
  type BuiltContext,
  type Memory,
} from "@roost/memory";
import { attributes, type Telemetry } from "@roost/telemetry";
import type { RunHandler } from "./execute-run.ts";
import type { ModelsFor } from "./models/choose-models.ts";
import { tellUnmet } from "./models/tell-unmet.ts";
import { deliverNotice } from "./notices/deliver-notice.ts";
import type { Webhook } from "./notices/post-webhook.ts";
import { createDurableSteps, type DurableSteps } from "./steps/create-durable-steps.ts";

export interface AgentHandlerOptions {
  kernel: Kernel;
  memory: Memory;
  modelsFor: ModelsFor;
  telemetry: Telemetry;
  /** The tools of one run: those that its session kind and its job allow. */
  toolsFor: (run: ClaimedRun) => Tool[];
  isRehearsal: boolean;
  webhook: Webhook | undefined;
}

/** Executes agent runs. */
export function createAgentHandler(options: AgentHandlerOptions): RunHandler {
  return (run, call) =>
    options.telemetry.span(
      `run ${run.title ?? run.reason}`,
      {
        ...(run.traceparent === null ? {} : { parent: run.traceparent }),
        attributes: {
          [attributes.runId]: run.id,
          [attributes.epoch]: run.epoch,
          ...(run.jobId === null ? {} : { [attributes.jobId]: run.jobId }),
          ...(run.sessionKey === null ? {} : { [attributes.sessionKey]: run.sessionKey }),
        },
      },
      () => runAgent({ ...options, run, ...call }),
    );
}

type AgentRun = AgentHandlerOptions & { run: ClaimedRun; signal: AbortSignal; logger: Logger };
/** With its steps, and what is built for its context. */
type OpenRun = AgentRun & { steps: DurableSteps; built: { context?: BuiltContext } };

async function runAgent(agentRun: AgentRun): Promise<void> {
  const { kernel, run, signal, logger } = agentRun;
  const built: OpenRun["built"] = {};
  const steps = createDurableSteps({
    kernel,
    run,
    signal,
    telemetry: agentRun.telemetry,
    onUnknown: run.input["onUnknown"] === "wait" ? "wait" : "tell",
    alongside: (step) => {
      const { context } = built;
      if (step !== "context#1" || context === undefined) return undefined;
      return async (tx) => {
        await commitDigest(tx, context);
        if (agentRun.isRehearsal && !run.rehearsal) await markRehearsal(tx, { runId: run.id, epoch: run.epoch });
      };
    },
  });
  try {
    await think({ ...agentRun, steps, built });
  } catch (error) {
    await steps.unrecorded.flush().catch((reason: unknown) => {
      logger.info("The outcome of a step could not be recorded", { reason: toRoostError(reason).message });
    });
    throw error;
  }
}

async function think(agentRun: OpenRun): Promise<void> {
  const { kernel, memory, run, signal, steps, built } = agentRun;
  // Who must leave something behind has work to do also when nothing has changed.
  if (run.sessionKind === "heartbeat" && run.postconditions === null) {
    const decision = await decideHeartbeat(agentRun);
    if (!decision.call) return end(agentRun, { state: "done", output: { kind: "quiet", reason: decision.reason } });
  }
  const outcome = await runAgentLoop({
    steps,
    model: tellUnmet(agentRun.modelsFor(run), run),
    tools: agentRun.toolsFor(run),
    context: async (): Promise<AgentContext> => {
      built.context = await buildContext(memory, { run });
      return built.context.context;
    },
    clock: kernel.clock,
    signal,
    logger: agentRun.logger,
    limits: {
      reserveSpend: steps.spend.reserve,
      ...(run.deadlineAt === null ? {} : { deadlineMs: run.deadlineAt.getTime() }),
    },
    isStartedByPerson: run.jobId === null && run.parentRunId === null,
    onDelta: (delta) => publishStream(kernel, run.id, delta),
    ...(isRehearsed(agentRun) ? { permitTool: permitReadonly } : {}),
  });
  await conclude(agentRun, outcome);
}

/** Without a model nothing in the world is changed: what a tool would have done is recorded as not performed. */
async function permitReadonly({
  tool,
}: {
  tool: Pick<Tool, "effect">;
}): Promise<{ state: "granted" } | { state: "refused"; reason: string }> {
  return tool.effect === "readonly"
    ? { state: "granted" }
    : { state: "refused", reason: "this run is a rehearsal, effects are not performed" };
}

function isRehearsed(agentRun: AgentRun): boolean {
  return agentRun.isRehearsal || agentRun.run.rehearsal;
}

type Decision = { call: true; because: string[] } | { call: false; reason: string };

/** A recorded step, so that a resumed heartbeat decides as it first did. */
async function decideHeartbeat({ memory, run, steps }: OpenRun): Promise<Decision> {
  const outcome = await steps.step<Decision>("heartbeat-check", { kind: "context", effect: "readonly" }, async () => ({
    state: "done",
    output: await heartbeatDecision(memory, run),
  }));
  return outcome.state === "done" ? outcome.output : { call: true, because: ["the check itself failed"] };
}

async function conclude(agentRun: OpenRun, outcome: AgentOutcome): Promise<void> {
  const { run, signal } = agentRun;
  if (outcome.kind === "cancelled") {
    if ((signal.reason as Error | undefined)?.name === "RunCancelled") return end(agentRun, { state: "cancelled" });
    throw signal.reason;
  }
  if (outcome.kind === "failed") {
    const { code, message, isRetryable, retryAtMs } = outcome.error;
    const error: RunError = { code, message, isRetryable, ...(retryAtMs === undefined ? {} : { retryAtMs }) };
    return end(agentRun, { state: "failed", error }, replyOfFailure(agentRun, outcome, message));
  }
  const totals = summaryOf(outcome);
  if (outcome.kind === "limit_exceeded") {
    const error: RunError = { code: "limit_exceeded", message: outcome.message, isRetryable: false };
    return end(
      agentRun,
      { state: "failed", error, output: { kind: "stopped", text: outcome.text, ...totals } },
      replyOfFailure(agentRun, outcome, outcome.message),
    );
  }
  if (run.sessionKind === "heartbeat") return concludeHeartbeat(agentRun, outcome, totals);
  const { text, shouldDeliver } = stripHeartbeatToken(outcome.text, { mode: "message" });
  const reply = shouldDeliver ? text : "";
  return end(agentRun, { state: "done", output: { kind: "reply", text: reply, ...totals } }, (tx) =>
    appendReply(tx, {
      run,
      text: reply,
      messages: outcome.messages,
      isRehearsed: outcome.isRehearsed,
      compactedTranscript: outcome.compactedTranscript,
    }),
  );
}

/** HEARTBEAT_OK says nothing; anything longer is delivered once a day at most in the same words. */
async function concludeHeartbeat(
  agentRun: OpenRun,
  outcome: Extract<AgentOutcome, { kind: "replied" }>,
  totals: JsonObject,
): Promise<void> {
  const { memory, run } = agentRun;
  const ackCharsMax = memory.settings.heartbeat.ackCharsMax;
  const stripped = stripHeartbeatToken(outcome.text, { mode: "heartbeat", ackCharsMax });
  const last = await lastHeartbeat(memory, run);
  const isRepeated = isDuplicateReply(stripped.text, { last, nowMs: agentRun.kernel.clock.nowMs() });
  const { target } = memory.settings.heartbeat;
  if (!stripped.shouldDeliver || isRepeated || target === "none") {
    const reason = !stripped.shouldDeliver
      ? "nothing needs attention"
      : isRepeated
        ? "the same was said within 24 hours"
        : "heartbeat.target in roost.yaml is none";
    return end(agentRun, { state: "done", output: { kind: "quiet", reason, ...totals } }, (tx) =>
      rememberHeartbeat(tx, { run }),
    );
  }
  const { kernel, signal } = agentRun;
  const webhook = target === "webhook" ? agentRun.webhook : undefined;
  const isRehearsal = isRehearsed(agentRun);
  await deliverNotice(agentRun.steps, {
    kernel,
    run,
    text: stripped.text,
    level: "info",
    webhook,
    isRehearsal,
    signal,
  });
  await end(agentRun, { state: "done", output: { kind: "reply", text: stripped.text, ...totals } }, (tx) =>
    rememberHeartbeat(tx, { run, text: stripped.text }),
  );
}

/** In a conversation the person reads why no answer came, when the run will not be tried again. */
function replyOfFailure(
  agentRun: AgentRun,
  outcome: AgentOutcome,
  message: string,
): ((tx: KernelTransaction) => Promise<void>) | undefined {
  const { run } = agentRun;
  const isFinal =
    run.attempt >= run.attemptsMax ||
    outcome.kind === "limit_exceeded" ||
    (outcome.kind === "failed" && !outcome.error.isRetryable);
  if (run.sessionKind !== "main" || !isFinal) return undefined;
  return (tx) =>
    appendReply(tx, {
      run,
      text: `(no answer: ${message})`,
      messages: outcome.messages,
      isRehearsed: outcome.isRehearsed,
    });
}

function summaryOf(outcome: AgentOutcome): JsonObject {
  return {
    usage: outcome.usage as unknown as JsonValue,
    costUsd: outcome.costUsd,
    turnCount: outcome.turnCount,
    toolCallCount: outcome.toolCallCount,
    isRehearsed: outcome.isRehearsed,
    isTainted: outcome.isTainted,
  };
}

async function end(
  { kernel, run, steps }: OpenRun,
  outcome: RunOutcome,
  alongside?: (tx: KernelTransaction) => Promise<void>,
): Promise<void> {
  if (outcome.state === "failed" && outcome.error === undefined)
    throw new RoostError("internal", `Run ${run.id} failed without a reason`);
  // What a run leaves behind is judged by what is recorded before its end.
  if (run.postconditions !== null) await steps.unrecorded.flush();
  await steps.unrecorded.recordWith((finishing) =>
    finishRun(kernel, { runId: run.id, epoch: run.epoch }, outcome, {
      finishing,
      alongside: async (tx, { state, unmet }) => {
        // What it says of itself is not passed on as an answer when it has not done what it had to do.
        if (unmet === undefined) await alongside?.(tx);
        // Those who wait for a lock of this run hear of it with its end; a run that is tried again keeps what it has taken.
        if (state !== "waiting") await releaseLocksOfRun(tx, run.id);
      },
    }),
  );
}
