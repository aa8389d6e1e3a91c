/** The built-in tools that a kind of session may have. */
import type { Tool } from "@roost/agent";
import type { JsonObject } from "@roost/base";
import type { SessionKind } from "@roost/kernel";
import { correctValue, readCorrections } from "@roost/memory";
import { consolidateMemoryTool } from "./consolidate-memory-tool.ts";
import { askPersonTool } from "./ask-person-tool.ts";
import { reserveSubjectTool } from "./reserve-subject-tool.ts";
import { delegateTool, findAgentsTool } from "./delegate-tool.ts";
import { defineJobTool } from "./define-job-tool.ts";
import { editFileTool } from "./edit-file-tool.ts";
import { execTool } from "./exec-tool.ts";
import { gitPushTool } from "./git-push-tool.ts";
import { getStateTool } from "./get-state-tool.ts";
import { httpFetch } from "./http-fetch.ts";
import { httpSend } from "./http-send.ts";
import { listFilesTool } from "./list-files-tool.ts";
import { listJobsTool } from "./list-jobs-tool.ts";
import { listRunsTool } from "./list-runs-tool.ts";
import { lockTool } from "./lock-tool.ts";
import { notifyTool } from "./notify-tool.ts";
import { onceTool } from "./once-tool.ts";
import { pauseJobTool } from "./pause-job-tool.ts";
import { readFileTool } from "./read-file-tool.ts";
import { readLogTool } from "./read-log-tool.ts";
import { readOutsideTool } from "./read-outside-tool.ts";
import { readRunTool } from "./read-run-tool.ts";
import { recallTool } from "./recall-tool.ts";
import { rememberTool } from "./remember-tool.ts";
import { runJobTool } from "./run-job-tool.ts";
import { searchFilesTool } from "./search-files-tool.ts";
import { setStateTool } from "./set-state-tool.ts";
import type { ToolContext } from "./tool-context.ts";
import { unlockTool } from "./unlock-tool.ts";
import { useSkillTool } from "./use-skill-tool.ts";
import { viewPartTool } from "./view-part-tool.ts";
import { writeFileTool } from "./write-file-tool.ts";

/** Tools that affect other sessions are for sessions of the person only. */
const personal = new Set(["define_job", "pause_job", "run_job"]);
/** They give what was said and noted at some time. */
const givesEarlier = new Set(["read_log", "read_run", "list_runs", "search_files"]);
/** Channels get no tool that reaches further than they see. */
const kindsWithTools = new Set<SessionKind>(["main", "heartbeat", "cron", "subagent"]);
/** What a run that was delegated may have, where its agent names it. */
const forSubagents = new Set([
  "read_file",
  "list_files",
  "search_files",
  "http_fetch",
  "http_send",
  "http_send_keyed",
  "view_part",
  "use_skill",
  "lock",
  "unlock",
  "once",
  "notify",
  "ask_person",
  "delegate",
  "exec",
  "edit_file",
  "git_push",
  "find_agents",
  "consolidate_memory",
]);

/** What a model is shown when all tools are too many: the most commonly needed. */
const common = ["read_file", "write_file", "get_state", "set_state", "remember", "recall"];

/** A longer list says what an agent may use, not what it needs at once. */
const listShownMax = 20;

/** Tools to show first: those that a job or an agent names, of a long list the most commonly needed; of skills only where there are any. */
export function firstTools(allowed: ReadonlySet<string>, hasSkills: boolean): readonly string[] {
  const first = (hasSkills ? [...common, "use_skill"] : common).filter((name) => allowed.has(name));
  return allowed.size > listShownMax ? first : [...first, ...allowed];
}

export function mayHaveTools(kind: SessionKind | null): boolean {
  return kind !== null && kindsWithTools.has(kind);
}

export function createTools(context: ToolContext): Tool[] {
  const { kind } = context.viewer;
  const tools: Tool[] = [
    readFileTool(context),
    writeFileTool(context),
    listFilesTool(context),
    searchFilesTool(context),
    recallTool(context),
    getStateTool(context),
    setStateTool(context),
    rememberTool(context),
    readLogTool(context),
    listRunsTool(context),
    readRunTool(context),
    listJobsTool(context),
    defineJobTool(context),
    pauseJobTool(context),
    runJobTool(context),
    lockTool(context),
    unlockTool(context),
    onceTool(context),
    reserveSubjectTool(context),
    httpFetch(context),
    httpSend(context, false),
    ...(context.keyedHosts.size > 0 ? [httpSend(context, true)] : []),
    ...(context.agent.agents?.length ? [delegateTool(context), findAgentsTool(context)] : []),
    ...(context.agent.exec === undefined ? [] : [execTool(context), editFileTool(context), gitPushTool(context)]),
    ...(consolidates(context.run.input) ? [consolidateMemoryTool(context)] : []),
    readOutsideTool(context),
    viewPartTool(context),
    useSkillTool(context),
    askPersonTool(context),
    notifyTool(context),
  ];
  return tools
    .filter(({ name }) => !(kind === "cron" && personal.has(name)) && (kind !== "subagent" || forSubagents.has(name)))
    .map((tool) => (givesEarlier.has(tool.name) ? asItHolds(tool, context) : tool));
}

/** The nightly consolidation, which memory begins. */
export function consolidates(input: JsonObject): boolean {
  return input["consolidates"] !== undefined;
}

/** The tool, with what holds now in the place of what was corrected since. */
function asItHolds(tool: Tool, { kernel, viewer }: ToolContext): Tool {
  return {
    ...tool,
    execute: async (input, call) => {
      const outcome = await tool.execute(input, call);
      if (outcome.state !== "done") return outcome;
      return { ...outcome, output: correctValue(outcome.output, await readCorrections(kernel.database, viewer)) };
    },
  };
}
