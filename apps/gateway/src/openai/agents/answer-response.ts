/** Answers `/v1/responses` with a turn of an agent: whole, or as a stream of typed events. */
import type { ServerResponse } from "node:http";
import type { AnswerForm } from "@roost/contract/operations";
import { sendJson, toOpenAiError } from "@roost/proxy";
import { failureOf } from "./answer-chat.ts";
import type { ToolRequest } from "./asked-conversation.ts";
import type { TurnEnd, TurnItem, TurnUsage } from "./follow-turn.ts";
import { openAnswerStream, type AnswerStream } from "./open-answer-stream.ts";
import { formParams } from "./read-form.ts";

export interface ResponseAnswer {
  id: string;
  model: string;
  createdS: number;
  isStreamed: boolean;
  previousResponseId: string | null;
  instructions: string | null;
  form: AnswerForm | undefined;
  /** Before the end of the answer is told. */
  onEnd: (end: TurnEnd) => Promise<void>;
}

/** Resolves with the end of the turn that was told; undefined: the program or the server left before. */
export async function answerResponse(
  response: ServerResponse,
  items: AsyncIterable<TurnItem>,
  answer: ResponseAnswer,
): Promise<TurnEnd | undefined> {
  if (answer.isStreamed) return streamResponse(openAnswerStream(response), items, answer);
  for await (const item of items) {
    if (item.kind !== "end") continue;
    const { end } = item;
    if (end.kind === "failed") throw failureOf(end, formParams.responses);
    await answer.onEnd(end);
    sendJson(response, 200, toResponse(answer, end));
    return end;
  }
  return undefined;
}

type Facts = Omit<ResponseAnswer, "isStreamed" | "onEnd">;

/** `end` undefined: the turn goes on. */
export function toResponse(facts: Facts, end: TurnEnd | undefined): object {
  const isFailed = end?.kind === "failed";
  return {
    id: facts.id,
    object: "response",
    created_at: facts.createdS,
    status: end === undefined ? "in_progress" : isFailed ? "failed" : "completed",
    error: isFailed ? { code: "server_error", message: failureOf(end, formParams.responses).message } : null,
    incomplete_details: null,
    instructions: facts.instructions,
    max_output_tokens: null,
    metadata: {},
    model: facts.model,
    output: end === undefined || isFailed ? [] : outputOf(facts.id, end),
    parallel_tool_calls: true,
    previous_response_id: facts.previousResponseId,
    store: true,
    temperature: null,
    text: { format: facts.form?.format ?? { type: "text" } },
    tool_choice: toChoice(facts.form?.mustCall),
    tools: [],
    top_p: null,
    truncation: "disabled",
    usage: end === undefined || isFailed ? null : toResponseUsage(end.usage),
  };
}

function toChoice(mustCall: readonly string[] | undefined): unknown {
  if (mustCall === undefined) return "auto";
  return mustCall.length === 1 ? { type: "function", name: mustCall[0] } : "required";
}

function outputOf(id: string, end: Exclude<TurnEnd, { kind: "failed" }>): object[] {
  const calls = end.kind === "calls" ? end.calls.map((call) => toCallItem(call, "completed")) : [];
  return [...(end.text === "" && calls.length > 0 ? [] : [toMessage(id, end.text)]), ...calls];
}

function toMessage(id: string, text: string, status = "completed"): object {
  const content = status === "completed" ? [toPart(text)] : [];
  return { id: `msg_${id.slice(5)}`, type: "message", role: "assistant", status, content };
}

function toPart(text: string): object {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function toCallItem({ id, name, arguments: text }: ToolRequest, status: string): object {
  return {
    id: `fc_${id.slice(5)}`,
    type: "function_call",
    call_id: id,
    name,
    arguments: status === "completed" ? text : "",
    status,
  };
}

function toResponseUsage({ inputTokens, outputTokens, cachedTokens }: TurnUsage): object {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
}

async function streamResponse(
  stream: AnswerStream,
  items: AsyncIterable<TurnItem>,
  answer: ResponseAnswer,
): Promise<TurnEnd | undefined> {
  let sequence = 0;
  const send = (type: string, fields: object) => {
    const event = { type, sequence_number: sequence, ...fields };
    sequence += 1;
    return stream.send(event, type);
  };
  await send("response.created", { response: toResponse(answer, undefined) });
  await send("response.in_progress", { response: toResponse(answer, undefined) });
  const message = createMessageEvents(answer.id, send);
  for await (const item of items) {
    if (item.kind === "text") {
      await message.add(item.text);
      continue;
    }
    const { end } = item;
    if (end.kind === "failed") {
      const { message: reason, code, param } = toOpenAiError(failureOf(end, formParams.responses)).error;
      await send("error", { code, message: reason, param });
      await send("response.failed", { response: toResponse(answer, end) });
      stream.end();
      return end;
    }
    await answer.onEnd(end);
    if (end.kind === "reply") await message.begin();
    const count = await message.end();
    if (end.kind === "calls") await sendCalls(end.calls, count, send);
    await send("response.completed", { response: toResponse(answer, end) });
    stream.end();
    return end;
  }
  return undefined;
}

type Send = (type: string, fields: object) => Promise<void>;

function createMessageEvents(id: string, send: Send) {
  const at = { item_id: `msg_${id.slice(5)}`, output_index: 0, content_index: 0 };
  let text: string | undefined;
  const begin = async () => {
    if (text !== undefined) return;
    text = "";
    await send("response.output_item.added", { output_index: 0, item: toMessage(id, "", "in_progress") });
    await send("response.content_part.added", { ...at, part: toPart("") });
  };
  return {
    begin,
    async add(delta: string) {
      await begin();
      text += delta;
      await send("response.output_text.delta", { ...at, delta, logprobs: [] });
    },
    /** How many items there are. */
    async end(): Promise<number> {
      if (text === undefined) return 0;
      await send("response.output_text.done", { ...at, text, logprobs: [] });
      await send("response.content_part.done", { ...at, part: toPart(text) });
      await send("response.output_item.done", { output_index: 0, item: toMessage(id, text) });
      return 1;
    },
  };
}

async function sendCalls(calls: readonly ToolRequest[], first: number, send: Send): Promise<void> {
  for (const [index, call] of calls.entries()) {
    const at = { output_index: first + index };
    const of = { ...at, item_id: `fc_${call.id.slice(5)}` };
    await send("response.output_item.added", { ...at, item: toCallItem(call, "in_progress") });
    await send("response.function_call_arguments.delta", { ...of, delta: call.arguments });
    await send("response.function_call_arguments.done", { ...of, name: call.name, arguments: call.arguments });
    await send("response.output_item.done", { ...at, item: toCallItem(call, "completed") });
  }
}
