// Executes agent runs. run-turn.ts defines what a run does; here its steps are durable, its result is recorded with its end, and watchers see its
// text.

import { formUnmet } from "@roost/agent";
import { isDuplicateReply } from "@roost/agent/heartbeat";
import type { AgentOf } from "@roost/jobs";
import { isJsonObject, jsonObjectOf, RoostError, toRoostError, type JsonValue } from "@roost/base";
import {
  finishRun,
  markRehearsal,
  publishStream,
  type ClaimedRun,
  type Judge,
  type Kernel,
  type KernelTransaction,
  type RunOutcome,
} from "@roost/kernel";
import type { DomainsOf } from "./tools/services/domains-of.ts";
import type { AgentDefinition } from "@roost/contract/operations";
import {
  buildContext,
  commitDigest,
  consolidateTool,
  lastHeartbeat,
  type BuiltContext,
  type Memory,
} from "@roost/memory";
import { attributes, traceparentOfChain, type Telemetry } from "@roost/telemetry";
import { createApprovals } from "./approvals/create-approvals.ts";
import { createChildren } from "./delegates/create-children.ts";
import type { Hook } from "./hooks/create-run-hooks.ts";
import type { RunCall, RunHandler } from "./execute-run.ts";
import type { ModelsFor } from "./models/choose-models.ts";
import { createDurableSteps, type DurableSteps } from "./steps/create-durable-steps.ts";
import type { LookOutside } from "./outside/look-outside.ts";
import { runTurn } from "./run-turn.ts";
import type { ToolsFor } from "./tools/create-tools-for.ts";

export interface AgentHandlerOptions {
  kernel: Kernel;
  memory: Memory;
  modelsFor: ModelsFor;
  telemetry: Telemetry;
  toolsFor: ToolsFor;
  agentOf: AgentOf;
  /** What a person has asked at points of each run. Default: nothing. */
  hooks?: readonly Hook[] | undefined;
  /** Mailboxes and calendars of heartbeats. Default: none. */
  lookOutside?: LookOutside | undefined;
  /** Default: nothing is told of domains. */
  domainsOf?: DomainsOf | undefined;
  isRehearsal: boolean;
  /** Checks the postconditions at the end of a run. */
  judge: Judge;
}

/** Executes agent runs. */
export function createAgentHandler(options: AgentHandlerOptions): RunHandler {
  return (run, call) =>
    options.telemetry.span(
      `run ${run.title ?? run.reason}`,
      {
        parent: run.traceparent ?? traceparentOfChain(run.correlation),
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

type AgentRun = AgentHandlerOptions & RunCall & { run: ClaimedRun };

async function runAgent(agentRun: AgentRun): Promise<void> {
  const { kernel, memory, run, signal, logger } = agentRun;
  const agent = asWanted(await agentRun.agentOf(run), run);
  let built: BuiltContext | undefined;
  const steps = createDurableSteps({
    kernel,
    run,
    signal,
    telemetry: agentRun.telemetry,
    onUnknown: run.input["onUnknown"] === "wait" ? "wait" : "tell",
    alongside: (step) => {
      const context = built;
      if (step !== "context#1" || context === undefined) return undefined;
      return async (tx) => {
        await commitDigest(tx, context);
        if (agentRun.isRehearsal && !run.isRehearsed) await markRehearsal(tx, { runId: run.id, epoch: run.epoch });
      };
    },
  });
  try {
    await runTurn({
      ...agentRun,
      agent,
      isRehearsal: agentRun.isRehearsal || run.isRehearsed,
      steps,
      children: createChildren(kernel, run),
      approvals: createApprovals({ kernel, memory, run, agent }),
      labels: steps.labels,
      reserveSpend: steps.spend.reserve,
      onDelta: (delta) => publishStream(kernel, run.id, delta),
      context: async () => {
        built = await buildContext(memory, { run, agent, domains: await agentRun.domainsOf?.(agent) });
        return built.context;
      },
      isRepeated: async (text) =>
        isDuplicateReply(text, { last: await lastHeartbeat(memory, run), nowMs: kernel.clock.nowMs() }),
      end: (outcome, alongside) => end({ ...agentRun, steps }, outcome, alongside),
    });
  } catch (error) {
    await steps.unrecorded.flush().catch((reason: unknown) => {
      logger.info("The outcome of a step could not be recorded", { reason: toRoostError(reason).message });
    });
    throw error;
  }
}

/** The nightly consolidation asks, unless the settings let it apply what it proposes. What the agent's own policies say of it goes first. */
function asWanted(agent: AgentDefinition, run: ClaimedRun): AgentDefinition {
  if (run.input["consolidates"] !== "applies") return agent;
  return { ...agent, policies: { [consolidateTool]: "allow", ...agent.policies } };
}

/**
 * A reader of what comes from outside says nothing but its form, and an error may quote an answer without it. The answer is written anew: of a name
 * that stands in it twice only the last value was checked.
 */
function inItsForm({ input }: ClaimedRun, outcome: RunOutcome): RunOutcome {
  if (input["isQuarantined"] !== true || outcome.state === "cancelled") return outcome;
  const output = jsonObjectOf(outcome.output);
  const text = outcome.state === "done" ? writtenAnew(output["text"]) : undefined;
  if (text !== undefined) return { ...outcome, output: { ...output, text } };
  const { code = "unavailable", message: why = formUnmet.format } = outcome.error ?? {};
  const message = why.startsWith(formUnmet.format)
    ? "the reader gave no answer in the form that was asked for"
    : "the reader came to no answer";
  return { state: "failed", error: { code, message, isRetryable: false } };
}

function writtenAnew(text: JsonValue | undefined): string | undefined {
  try {
    const value: unknown = JSON.parse(String(text));
    return isJsonObject(value) ? JSON.stringify(value) : undefined;
  } catch {
    return undefined;
  }
}

async function end(
  { kernel, run, steps, judge, claimer }: AgentRun & { steps: DurableSteps },
  outcome: RunOutcome,
  alongside?: (tx: KernelTransaction) => Promise<void>,
): Promise<void> {
  if (outcome.state === "failed" && outcome.error === undefined)
    throw new RoostError("internal", `Run ${run.id} failed without a reason`);
  // Postconditions are judged by what is recorded before the end. Writes alongside an outcome go with it alone, where a repeat is recognised.
  if (run.postconditions !== null || steps.unrecorded.hasAlongside) await steps.unrecorded.flush();
  await steps.unrecorded.recordWith(({ finishing }) =>
    finishRun(kernel, { runId: run.id, epoch: run.epoch }, inItsForm(run, outcome), {
      finishing,
      judge,
      claimer,
      isPlain: run.parentRunId === null && run.postconditions === null,
      // The answer of a run with unmet postconditions is not passed on.
      alongside:
        alongside === undefined
          ? undefined
          : async (tx, { unmet }) => {
              if (unmet === undefined) await alongside(tx);
            },
    }),
  );
}
