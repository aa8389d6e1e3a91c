/** Answers `/v1/chat/completions` with a turn of an agent: whole, or as a stream. */
import type { ServerResponse } from "node:http";
import { isErrorCode, RoostError } from "@roost/base";
import { formUnmet } from "@roost/agent";
import { sendJson, toOpenAiError } from "@roost/proxy";
import type { TurnEnd, TurnItem, TurnUsage } from "./follow-turn.ts";
import { openAnswerStream } from "./open-answer-stream.ts";
import { formParams } from "./read-form.ts";

export interface ChatAnswer {
  id: string;
  model: string;
  createdS: number;
  isStreamed: boolean;
  withUsage: boolean;
  /** Before the end of the answer is told. */
  onEnd: (end: TurnEnd) => Promise<void>;
}

/** Resolves with the end of the turn that was told; undefined: the program or the server left before. */
export async function answerChat(
  response: ServerResponse,
  items: AsyncIterable<TurnItem>,
  answer: ChatAnswer,
): Promise<TurnEnd | undefined> {
  return answer.isStreamed ? streamChat(response, items, answer) : sendChat(response, items, answer);
}

async function sendChat(
  response: ServerResponse,
  items: AsyncIterable<TurnItem>,
  answer: ChatAnswer,
): Promise<TurnEnd | undefined> {
  for await (const item of items) {
    if (item.kind !== "end") continue;
    const { end } = item;
    if (end.kind === "failed") throw failureOf(end);
    await answer.onEnd(end);
    const content = end.kind === "calls" && end.text === "" ? null : end.text;
    const calls = end.kind === "calls" && { tool_calls: end.calls.map(toCall) };
    const message = { role: "assistant", content, refusal: null, ...calls };
    const choice = { index: 0, message, logprobs: null, finish_reason: finishOf(end) };
    const head = headOf(answer, "chat.completion");
    sendJson(response, 200, { ...head, choices: [choice], usage: toChatUsage(end.usage) });
    return end;
  }
  return undefined;
}

async function streamChat(
  response: ServerResponse,
  items: AsyncIterable<TurnItem>,
  answer: ChatAnswer,
): Promise<TurnEnd | undefined> {
  const stream = openAnswerStream(response);
  const head = headOf(answer, "chat.completion.chunk");
  const usage = answer.withUsage ? { usage: null } : {};
  const chunk = (delta: object, finish: string | null = null) =>
    stream.send({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...usage });
  await chunk({ role: "assistant", content: "" });
  for await (const item of items) {
    if (item.kind === "text") {
      await chunk({ content: item.text });
      continue;
    }
    const { end } = item;
    if (end.kind === "failed") {
      await stream.send({ error: toOpenAiError(failureOf(end)).error });
      stream.end();
      return end;
    }
    await answer.onEnd(end);
    if (end.kind === "calls") await chunk({ tool_calls: end.calls.map((call, index) => ({ index, ...toCall(call) })) });
    await chunk({}, finishOf(end));
    if (answer.withUsage) await stream.send({ ...head, choices: [], usage: toChatUsage(end.usage) });
    stream.end("[DONE]");
    return end;
  }
  return undefined;
}

function headOf({ id, createdS, model }: ChatAnswer, object: string) {
  return { id, object, created: createdS, model, system_fingerprint: null };
}

function toCall({ id, name, arguments: text }: { id: string; name: string; arguments: string }) {
  return { id, type: "function", function: { name, arguments: text } };
}

function finishOf({ kind }: TurnEnd): string {
  return kind === "calls" ? "tool_calls" : "stop";
}

function toChatUsage({ inputTokens, outputTokens, cachedTokens }: TurnUsage) {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

/** Written for the person, as they would read it in the conversation. */
export function failureOf(
  { code, message }: Extract<TurnEnd, { kind: "failed" }>,
  formatParam: string = formParams.chat,
): RoostError {
  const known = isErrorCode(code) && code !== "internal" ? code : "unavailable";
  // Other limits are of the run, such as its number of calls.
  const isCap = code === "limit_exceeded" && message.startsWith("the cap of ");
  const quota = { type: "insufficient_quota", code: "insufficient_quota" };
  return new RoostError(known, `The agent gave no answer: ${message}`, {
    details: isCap ? quota : { httpStatus: 502, code: "agent_failed", ...formDetails(message, formatParam) },
  });
}

/** Where a model did not keep to the form that the program asked for. */
function formDetails(message: string, formatParam: string): { code: string; param: string } | undefined {
  const code = "invalid_model_output";
  if (message.startsWith(formUnmet.format)) return { code, param: formatParam };
  return message.startsWith(formUnmet.call) ? { code, param: "tool_choice" } : undefined;
}
