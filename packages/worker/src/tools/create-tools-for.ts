/** Gives each run its tools: on whose behalf it acts, what it may see and reach, and what its job and agent allow. */
import type { Tool } from "@roost/agent";
import type { AgentDefinition } from "@roost/contract/operations";
import type { ClaimedRun, Kernel } from "@roost/kernel";
import { viewerOf, type Memory } from "@roost/memory";
import type { Settings } from "@roost/memory/settings";
import type { Webhook } from "../notices/post-webhook.ts";
import { createTools, firstTools } from "./create-tools.ts";
import { recallSeen } from "./seen-files.ts";

/** The tools of one run: those that its session kind, job and agent allow. */
export type ToolsFor = (run: ClaimedRun, agent: AgentDefinition) => Promise<Tool[]>;

export interface CreateToolsForOptions {
  kernel: Kernel;
  memory: Memory;
  settings: Settings;
  webhook: Webhook | undefined;
}

export function createToolsFor({ kernel, memory, settings, webhook }: CreateToolsForOptions): ToolsFor {
  const addressRules = { allow: settings.http.allow };
  const keyedHosts = new Set(settings.http.keyed);
  return async (run, agent) => {
    const context = {
      kernel,
      memory,
      run,
      viewer: viewerOf(run, agent),
      actor: run.jobId === null ? `session:${run.sessionKey ?? run.id}` : `job:${run.jobId}`,
      addressRules,
      keyedHosts,
      seenFiles: recallSeen(run.steps),
    };
    return createTools(context, { webhook, allowed: allowedOf(run, agent) });
  };
}

/** Tools that a run's model is shown when all are too many. */
export function firstToolsOf(run: ClaimedRun, agent: AgentDefinition): readonly string[] {
  return firstTools(allowedOf(run, agent));
}

/** The job and the agent may each narrow the tools; neither widens what the other allows. */
function allowedOf(run: ClaimedRun, { tools: ofAgent }: AgentDefinition): string[] | undefined {
  const given = run.input["tools"];
  const ofJob = Array.isArray(given) ? given.filter((name) => typeof name === "string") : undefined;
  if (ofAgent === undefined) return ofJob;
  return ofJob === undefined ? ofAgent : ofJob.filter((name) => ofAgent.includes(name));
}
