/** Follows a turn for the program that asked for it: its text as it comes, then how this part of it ended. */
import { isJsonObject, jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";
import { getRun, listSteps, watchStream, type Kernel, type OffsetVector, type Run, type Step } from "@roost/kernel";
import { followCorrelation, type FollowedEvent } from "../../streams/follow-correlation.ts";
import { isTerminal } from "../../streams/is-terminal.ts";
import { mergeStreams } from "../../streams/merge-streams.ts";
import type { ToolRequest } from "./asked-conversation.ts";
import { formatCallId } from "./call-ids.ts";
import { createToldText, type TextDelta } from "./create-told-text.ts";

export interface TurnUsage {
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
}

export type TurnEnd =
  /** `text`: all that was told in this part. */
  | { kind: "reply"; text: string; usage: TurnUsage }
  | { kind: "calls"; text: string; calls: ToolRequest[]; usage: TurnUsage }
  | { kind: "failed"; code: string; message: string };

export type TurnItem = { kind: "text"; text: string } | { kind: "end"; end: TurnEnd };

export interface FollowTurn {
  runId: string;
  /** Whether the text is told as it comes. */
  isLive: boolean;
  after?: OffsetVector | undefined;
  /** Names of the program's tools, as it gave them. */
  toolNames: readonly string[];
  signal: AbortSignal;
}

/** What a turn's events are in. */
export const turnTopics = ["runs"];
const stepsMax = 1_000;

type Delta = { kind: "delta"; delta: TextDelta };

/** Ends with the turn, with a call of the program's tools, or by its signal. */
export async function* followTurn(kernel: Kernel, given: FollowTurn): AsyncGenerator<TurnItem, void> {
  const over = new AbortController();
  const signal = AbortSignal.any([given.signal, over.signal]);
  const run = await getRun(kernel.database, given.runId);
  const told = createToldText();
  try {
    const { correlation } = run;
    const events = followCorrelation(kernel, { topics: turnTopics, correlation, after: given.after, signal });
    const deltas = given.isLive && run.endedAt === null ? [followDeltas(kernel, run.id, signal)] : [];
    for await (const item of mergeStreams<FollowedEvent | Delta>([events, ...deltas])) {
      if (item.kind === "delta") {
        const text = told.add(item.delta);
        if (text !== "") yield { kind: "text", text };
        continue;
      }
      const end = mayEnd(item, run, given.after) ? await readTurn(kernel, run.id, given.toolNames) : undefined;
      if (end === undefined) continue;
      const rest = "text" in end ? told.finish(end.text) : "";
      if (rest !== "") yield { kind: "text", text: rest };
      yield { kind: "end", end: "text" in end ? { ...end, text: told.all() } : end };
      return;
    }
  } finally {
    over.abort();
  }
}

function mayEnd(item: FollowedEvent, run: Run, after: OffsetVector | undefined): boolean {
  // Whether a turn is over, or waits, is looked up once what was recorded before was read.
  if (item.kind === "caught-up") return after === undefined;
  if (item.event.subject !== run.id) return false;
  return isTerminal(item.event.type) || item.event.type === "run.waiting";
}

/** How the turn ended, or which calls it waits for. Undefined: it goes on. */
export async function readTurn(
  kernel: Kernel,
  runId: string,
  toolNames: readonly string[],
): Promise<TurnEnd | undefined> {
  const run = await getRun(kernel.database, runId);
  if (run.endedAt !== null) return endOfRun(run);
  if (run.state !== "waiting" || run.waitingFor !== "event") return undefined;
  const { steps, message } = await readLastMessage(kernel, runId);
  if (message === undefined) return undefined;
  const calls = callsOf(message, { runId, toolNames });
  if (calls.length === 0) return undefined;
  return { kind: "calls", text: message.text, calls, usage: usageOfSteps(steps) };
}

/** The calls of the program's tools in a message. */
export function callsOf(
  { seq, calls }: ModelMessage,
  { runId, toolNames }: Pick<FollowTurn, "runId" | "toolNames">,
): ToolRequest[] {
  return calls.flatMap(({ toolName, argumentsText }, index) => {
    const name = toolNames.find((each) => each === toolName || `client_${each}`.slice(0, 64) === toolName);
    if (name === undefined) return [];
    return [{ id: formatCallId({ runId, modelSeq: seq, index }), name, arguments: argumentsText }];
  });
}

function endOfRun(run: Run): TurnEnd {
  const output = jsonObjectOf(run.output);
  if (run.state !== "done") {
    const { code = "internal", message = `the turn is ${run.state}` } = run.error ?? {};
    return { kind: "failed", code, message };
  }
  const { text, remark } = output;
  const said = typeof text === "string" ? text : "";
  const shown = said === "" && typeof remark === "string" ? `(no answer: ${remark})` : said;
  return { kind: "reply", text: shown, usage: readTurnUsage(output["usage"]) };
}

/** Of the program's tools, as it gave them with the message that began the run. */
export function toolNamesOf({ input }: Pick<Run, "input">): string[] {
  const given = input["clientTools"];
  return Array.isArray(given) ? given.map((tool) => String(jsonObjectOf(tool)["name"])) : [];
}

interface ModelMessage {
  seq: number;
  text: string;
  calls: { toolCallId: string; toolName: string; argumentsText: string }[];
}

/** The steps of a run, and the newest message of the model among them. */
export async function readLastMessage(
  kernel: Kernel,
  runId: string,
): Promise<{ steps: Step[]; message: ModelMessage | undefined }> {
  const steps = await listSteps(kernel.database, runId, { limit: stepsMax });
  return { steps, message: lastMessageOf(steps) };
}

function lastMessageOf(steps: readonly Step[]): ModelMessage | undefined {
  const step = steps.findLast(({ kind, state }) => kind === "model" && state === "done");
  const message = jsonObjectOf(jsonObjectOf(step?.output)["message"]);
  if (step === undefined || message["role"] !== "assistant") return undefined;
  const { text, toolCalls } = message;
  const calls = Array.isArray(toolCalls) ? (toolCalls as unknown as ModelMessage["calls"]) : [];
  return { seq: step.seq, text: typeof text === "string" ? text : "", calls };
}

function usageOfSteps(steps: readonly Step[]): TurnUsage {
  const models = steps.filter(({ kind }) => kind === "model");
  const usages = models.map(({ output }) => readTurnUsage(jsonObjectOf(output)["usage"]));
  const sum = (field: keyof TurnUsage) => usages.reduce((total, usage) => total + usage[field], 0);
  return { inputTokens: sum("inputTokens"), outputTokens: sum("outputTokens"), cachedTokens: sum("cachedTokens") };
}

function readTurnUsage(given: JsonValue | undefined): TurnUsage {
  const usage: JsonObject = isJsonObject(given) ? given : {};
  const count = (value: JsonValue | undefined) => (typeof value === "number" ? value : 0);
  const { inputTokens, outputTokens, cachedTokens } = usage;
  return { inputTokens: count(inputTokens), outputTokens: count(outputTokens), cachedTokens: count(cachedTokens) };
}

async function* followDeltas(kernel: Kernel, runId: string, signal: AbortSignal): AsyncGenerator<Delta, void> {
  for await (const delta of watchStream(kernel, runId, { signal })) yield { kind: "delta", delta };
}
