/** A run of a fully compromised model: the model makes one call, and says no more. */
import assert from "node:assert/strict";
import { silentLogger, type JsonObject } from "@roost/base";
import { untrustedFrom } from "@roost/contract/labels";
import { getRun, listSteps, raiseRunLabels, type NewRun } from "@roost/kernel";
import { Settings } from "@roost/memory/settings";
import { createAgentHandler } from "../create-agent-handler.ts";
import { executeRun } from "../execute-run.ts";
import { createMcpTools } from "../mcp/create-mcp-tools.ts";
import type { TestHome } from "../testing/open-test-home.ts";
import { createToolsFor } from "./create-tools-for.ts";

export const mcp = { web: { url: "http://127.0.0.1:1/mcp", tools: { look: { effect: "readonly" } } } };

export interface Attempt {
  name: string;
  /** The answer that the model was shown; undefined: a person is asked first. */
  answer: string | undefined;
  /** The tools that it was shown. */
  shown: readonly string[];
  runId: string;
}

export interface AttemptOptions {
  /** It has read a page before. */
  isTainted?: boolean;
  /** What reached the server of tools. */
  sent?: string[];
  run?: Partial<NewRun>;
  /** Of the home, beside its agents: what tools need. */
  settings?: object;
  /** Its agent has so few tools that the model calls them by name. */
  isDirect?: boolean;
}

/** One run for each call. */
export async function attempt(
  home: TestHome,
  [name, args]: [string, JsonObject],
  { isTainted = false, sent = [], run: given, settings: more = {}, isDirect = false }: AttemptOptions = {},
): Promise<Attempt> {
  const { kernel, memory } = home;
  let answer: string | undefined;
  let shown: readonly string[] = [];
  home.setScript((request) => {
    answer = request.toolResults.at(-1)?.text ?? answer;
    shown = request.toolNames;
    const isDone = request.toolResults.length > 0;
    const call = isDirect ? { name, arguments: args } : { name: "call_tool", arguments: { name, arguments: args } };
    return isDone ? "done" : { toolCalls: [call] };
  });
  const owner = await home.begin({ sessionKey: `main:${crypto.randomUUID()}`, ...given });
  const { run } = owner;
  if (isTainted) await raiseRunLabels(kernel, { runId: run.id, epoch: run.epoch }, untrustedFrom("web", "example.com"));
  const settings = Settings.parse({ ...more, mcp });
  const list = {
    version: "web 1",
    tools: [{ name: "look", description: "", inputSchema: { type: "object", properties: {} } }],
  };
  const calls = {
    list: async () => list,
    call: async (_server: string, call: object) => (sent.push(JSON.stringify(call)), { content: [] }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const source = createMcpTools({ memory, servers: settings.mcp, mcp: calls, logger: silentLogger });
  const toolsFor = createToolsFor({ kernel, memory, settings, sources: [source] });
  const labels = (await getRun(kernel.database, run.id)).labels;
  const handlers = { agent: createAgentHandler({ ...home.handlerOptions, toolsFor }) };
  await executeRun({ kernel, handlers, logger: silentLogger }, { ...run, labels }, new AbortController().signal);
  await owner.die();
  const steps = (await listSteps(kernel.database, run.id)).map((step) => step.name);
  assert.ok(
    steps.some((step) => (isDirect ? step.startsWith("tool:") : step.includes(`:${name}#1`))),
    `${name} is not recorded: ${steps.join()}`,
  );
  return { name, answer, shown, runId: run.id };
}
