// Shared by the loop's tests: a scripted server behind openModels(), tools that record their effects, a clock.

import { createFakeClock, silentLogger, type JsonValue } from "@roost/base";
import { z } from "zod";
import { openModels, type OpenModelsOptions } from "../models/open-models.ts";
import { createMemoryStepRunner, startScriptedModelServer, type Script, type ScriptedModelServer } from "../testing.ts";
import type { Tool } from "../tools/tool.ts";
import type { AgentDelta, AgentOutcome } from "./agent-outcome.ts";
import { runAgentLoop, type AgentLoopOptions } from "./run-agent-loop.ts";

export const startMs = Date.parse("2026-03-01T06:00:00Z");

export interface LoopFixture extends AsyncDisposable {
  server: ScriptedModelServer;
  run: (change?: Partial<AgentLoopOptions>) => Promise<AgentOutcome>;
  deltas: AgentDelta[];
}

export async function openLoop(
  script: Script,
  options: { models?: Partial<OpenModelsOptions> } = {},
): Promise<LoopFixture> {
  const server = await startScriptedModelServer({ script });
  const clock = createFakeClock(startMs);
  const model = openModels({
    providers: [{ kind: "openai-compatible", id: "scripted", baseUrl: server.url, model: "m" }],
    clock,
    logger: silentLogger,
    limits: { roundsMax: 1 },
    ...options.models,
  });
  const deltas: AgentDelta[] = [];
  return {
    server,
    deltas,
    run: (change = {}) =>
      runAgentLoop({
        steps: createMemoryStepRunner(),
        model,
        tools: [],
        context: { sections: [{ name: "SOUL.md", text: "Be brief" }], messages: [{ role: "user", text: "Go" }] },
        clock,
        signal: new AbortController().signal,
        logger: silentLogger,
        onDelta: (delta) => deltas.push(delta),
        ...change,
      }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A tool that records each effect it performs. */
export function recordingTool(
  change: Partial<Tool<{ text: string }>> = {},
): Tool<{ text: string }> & { effects: { text: string; key: string }[] } {
  const effects: { text: string; key: string }[] = [];
  return {
    name: "post",
    description: "Posts a text",
    input: z.object({ text: z.string() }),
    effect: "unsafe",
    effects,
    execute: async ({ text }, call) => {
      effects.push({ text, key: call.idempotencyKey });
      return { state: "done", output: `posted ${text}` };
    },
    ...change,
  };
}

/** A script that picks replies by the number of assistant messages so far, so that a resumed run gets the same ones. */
export function playByTurn(replies: ReturnType<Script>[]): Script {
  return ({ messages }) =>
    replies[messages.filter((message) => message.role === "assistant").length] ?? "nothing left to say";
}

export function callTool(name: string, args: JsonValue, text = "") {
  return { text, toolCalls: [{ name, arguments: args }] };
}
