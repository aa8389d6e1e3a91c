/**
 * Gives each run its tools: on whose behalf it acts, what it may see and reach, and what its job and agent allow. Built-in tools are one source
 * of them, services and servers others.
 */
import { callToolName, findToolsName, type Tool } from "@roost/agent";
import { toolNames, type AgentDefinition } from "@roost/contract/operations";
import type { ClaimedRun, Kernel } from "@roost/kernel";
import { consolidateTool, toolsByNaming, toolsOfJob, toolsOfRun, viewerOf, type Memory } from "@roost/memory";
import type { Settings } from "@roost/memory/settings";
import { findSandbox, type FoundSandbox } from "@roost/sandbox";
import { consolidates, createTools, firstTools, mayHaveTools } from "./create-tools.ts";
import { clientTools, clientToolNames } from "./client-tools.ts";
import { recallsOfServices, withServices } from "./with-services.ts";
import { recallSeen } from "./seen-files.ts";
import { recallSkills } from "./use-skill-tool.ts";

/** The tools of one run: those that its session kind, job and agent allow; of a source, those that it has for the run. */
export type ToolsFor = (run: ClaimedRun, agent: AgentDefinition) => Promise<Tool[]>;

export interface CreateToolsForOptions {
  kernel: Kernel;
  memory: Memory;
  settings: Settings;
  /** Of the person, by which git reaches remotes. Default: none. */
  gitEnvironment?: Readonly<Record<string, string>> | undefined;
  /** Beside the built-in tools; a tool of an earlier source keeps its name. */
  sources?: readonly ToolsFor[];
}

export function createToolsFor({ sources = [], ...options }: CreateToolsForOptions): ToolsFor {
  const builtIn = createBuiltInTools(options);
  return async (run, agent) => {
    if (!mayHaveTools(run.sessionKind)) return clientTools(options.kernel, run, new Set());
    const [own, ...others] = await Promise.all([builtIn, ...sources].map((source) => source(run, agent)));
    const found = [...(own ?? []), ...others.flat().map(underItsName)];
    const named = toolsOfRun(run, agent);
    const allowed = consolidates(run.input) ? new Set([...named, consolidateTool]) : named;
    // An agent has the tools of its services for naming these; a job that names its tools names all of them.
    const beside = toolsOfJob(run);
    const byName = new Map<string, Tool>();
    for (const tool of found) {
      const isAllowed = tool.origin === undefined ? allowed.has(tool.name) : (beside?.includes(tool.name) ?? true);
      if (isAllowed && !byName.has(tool.name)) byName.set(tool.name, tool);
    }
    const recall = byName.get("recall");
    if (recall !== undefined)
      byName.set("recall", withServices(recall, recallsOfServices([...byName.values()], agent)));
    return [...byName.values(), ...clientTools(options.kernel, run, new Set(byName.keys()))];
  };
}

const ownNames: ReadonlySet<string> = new Set([...toolNames, findToolsName, callToolName]);

/**
 * What comes from elsewhere takes no name of a built-in tool, whether the agent has that one or not: policies, grants and rules mean the built-in one by
 * it. A server chooses the names of its tools, and `push` of a server that is called git would be `git_push`.
 */
function underItsName(tool: Tool): Tool {
  return ownNames.has(tool.name) ? { ...tool, name: `${tool.name}_${tool.origin?.kind ?? "other"}` } : tool;
}

function createBuiltInTools({
  kernel,
  memory,
  settings,
  gitEnvironment = {},
}: Omit<CreateToolsForOptions, "sources">): ToolsFor {
  const addressRules = { allow: settings.http.allow };
  const keyedHosts = new Set(settings.http.keyed);
  let sandbox: Promise<FoundSandbox> | undefined;
  const exec = { settings: settings.exec, findSandbox: () => (sandbox ??= findSandbox()), gitEnvironment };
  return async (run, agent) => {
    const context = {
      kernel,
      memory,
      run,
      agent,
      viewer: viewerOf(run, agent),
      actor: run.jobId === null ? `session:${run.sessionKey ?? run.id}` : `job:${run.jobId}`,
      addressRules,
      keyedHosts,
      exec,
      seenFiles: recallSeen(run.steps),
      seenSkills: recallSkills(run.steps),
    };
    return createTools(context);
  };
}

/** Tools that a run's model is shown when all are too many. */
export function firstToolsOf(
  run: ClaimedRun,
  agent: AgentDefinition,
  { hasSkills, hasSources }: { hasSkills: boolean; hasSources: boolean },
): readonly string[] {
  return [
    ...firstTools(toolsOfRun(run, agent), hasSkills),
    ...(run.sessionKind === "heartbeat" && hasSources ? ["read_outside"] : []),
    ...toolsByNaming(agent),
    ...(toolsOfJob(run) ?? []),
    ...clientToolNames(run),
  ];
}
