// Normalizes one event of a reply to OpenAI's form. What is not part of a reply is skipped; an error in any form becomes an error.

import { reasonIn } from "./error-text.ts";
import { takeMedia, type WireMedia } from "./take-media.ts";

export type NormalChunk =
  | {
      kind: "chunk";
      value: Record<string, unknown>;
      isFinished: boolean;
      hasChoices: boolean;
      hasCalls: boolean;
      reasoningField?: string;
      media?: WireMedia[];
    }
  | { kind: "error"; error: { message: string; code?: number | string } }
  | { kind: "skip" };

type Fields = Record<string, unknown>;

export function normaliseChunk(value: unknown): NormalChunk {
  if (Array.isArray(value)) return value.length === 0 ? { kind: "skip" } : normaliseChunk(value[0]);
  if (!isObject(value)) return { kind: "skip" };
  const given = value["choices"];
  const choices = Array.isArray(given) ? given : isObject(given) ? [given] : undefined;
  // Some send an empty error with each chunk.
  if (reasonIn(value["error"]) !== undefined || (value["error"] && choices === undefined)) return errorOf(value);
  // Groq's place for it, before it had the usual one.
  const usage = value["usage"] ?? (value["x_groq"] as Fields | undefined)?.["usage"];
  if (choices === undefined) {
    if (isRefusal(value)) return errorOf(value);
    if (!isObject(usage)) return { kind: "skip" };
  }
  const { error: _none, usage: _usage, ...rest } = value;
  const counts = isObject(usage) ? withCounts(usage) : {};
  const isCounted = counts["prompt_tokens"] !== undefined || counts["completion_tokens"] !== undefined;
  const normal: Fields = { ...rest, ...(isCounted ? { usage: counts } : {}) };
  for (const [field, type] of [
    ["id", "string"],
    ["model", "string"],
    ["created", "number"],
  ] as const)
    if (typeof normal[field] !== type) delete normal[field];
  const read = (choices ?? []).filter(isObject).map(normaliseChoice);
  const failed = read.find(({ choice }) => failedFinish.test(String(choice["finish_reason"])));
  if (failed !== undefined)
    return {
      kind: "error",
      error: { message: `the server ended the reply with “${String(failed.choice["finish_reason"])}”` },
    };
  const media = read.flatMap((choice) => choice.media);
  const reasoningField = read.find((choice) => choice.reasoningField !== undefined)?.reasoningField;
  return {
    kind: "chunk",
    value: { ...normal, object: "chat.completion.chunk", choices: read.map(({ choice }) => choice) },
    isFinished: read.some(({ choice }) => choice["finish_reason"] !== null),
    hasChoices: read.length > 0,
    hasCalls: read.some(({ choice }) => (choice["delta"] as Fields)["tool_calls"] !== undefined),
    ...(reasoningField === undefined ? {} : { reasoningField }),
    ...(media.length === 0 ? {} : { media }),
  };
}

/** What servers without an `error` field say instead of a reply. */
function isRefusal(value: Fields): boolean {
  const base = value["base_resp"];
  const code = isObject(base) ? base["status_code"] : value["code"];
  const saysError =
    value["object"] === "error" ||
    value["type"] === "error" ||
    value["status"] === "failure" ||
    value["detail"] !== undefined ||
    value["errors"] !== undefined ||
    (code !== undefined && code !== null && code !== 0 && code !== "0" && code !== 200);
  return saysError && reasonIn(isObject(base) ? base : value) !== undefined;
}

function errorOf(value: Fields): NormalChunk {
  const { error, base_resp: base } = value;
  const inner = isObject(error) ? error : isObject(base) ? base : value;
  const codes = [inner["code"], inner["status"], inner["status_code"], value["code"], value["status_code"]];
  const code = codes.find((each) => Number.isInteger(Number(each)) && Number(each) >= 400 && Number(each) < 600);
  const message = reasonIn(isObject(base) ? base : value) ?? JSON.stringify(value);
  return {
    kind: "error",
    error: { message: message.slice(0, 4_000), ...(code === undefined ? {} : { code: Number(code) }) },
  };
}

/** Vendors' words for OpenAI's finish reasons; what is unknown stays. */
const finishReasons: readonly [RegExp, string][] = [
  [/^(stop|end_turn|stop_sequence|eos|eos_token|complete|completed|end)$/i, "stop"],
  [/^(length|max_.*tokens|max_output|max_length|model_length|model_context_window_exceeded)$/i, "length"],
  [/^(tool[_-]calls?|tool_use|function_calls?)$/i, "tool_calls"],
  [/filter|safety|sensitive|recitation|blocklist|prohibited|spii|refusal|moderation/i, "content_filter"],
];
/** The server failed; the text so far is no answer. */
const failedFinish =
  /^(error(_\w+)?|network_error|timeout|abort|aborted|cancelled|insufficient_system_resource)$|malformed_function_call|unexpected_tool_call/i;

function finishReasonOf(reason: unknown): string | null {
  if (reason === undefined || reason === null) return null;
  const text = String(reason);
  if (failedFinish.test(text)) return text;
  return finishReasons.find(([words]) => words.test(text))?.[1] ?? text;
}

function normaliseChoice(choice: Fields): { choice: Fields; reasoningField?: string; media: WireMedia[] } {
  const message = isObject(choice["message"]) ? choice["message"] : {};
  const text = typeof choice["text"] === "string" ? { content: choice["text"] } : {};
  const delta: Fields = { ...text, ...message, ...(isObject(choice["delta"]) ? choice["delta"] : {}) };
  if (delta["role"] !== undefined && delta["role"] !== null && delta["role"] !== "") delta["role"] = "assistant";
  if (typeof delta["content"] === "number") delta["content"] = String(delta["content"]);
  if (isObject(delta["content"])) delta["content"] = [delta["content"]];
  if (Array.isArray(delta["content"]))
    delta["content"] = delta["content"].map((part: unknown) =>
      typeof part === "string" ? { type: "text", text: part } : part,
    );
  if (delta["refusal"] !== undefined && typeof delta["refusal"] !== "string") delete delta["refusal"];
  const reasoningField = readReasoning(delta);
  const media = takeMedia(delta);
  const calls = toolCallsOf(delta);
  delete delta["function_call"];
  delete delta["tool_calls"];
  if (calls !== undefined) delta["tool_calls"] = calls;
  return {
    choice: {
      ...choice,
      index: 0,
      delta,
      finish_reason: finishReasonOf(choice["finish_reason"]),
    },
    ...(reasoningField === undefined ? {} : { reasoningField }),
    media,
  };
}

/** The field in which the thinking came; some servers wrap the text in an object. */
function readReasoning(delta: Fields): string | undefined {
  if (delta["thinking"] !== undefined && delta["reasoning_content"] === undefined)
    delta["reasoning_content"] = delta["thinking"];
  let found: string | undefined;
  for (const field of ["reasoning_content", "reasoning"]) {
    const value = delta[field];
    if (isObject(value)) delta[field] = value["text"] ?? value["content"] ?? null;
    if (typeof delta[field] !== "string") delete delta[field];
    else if (delta[field] !== "") found ??= field;
  }
  return found;
}

function toolCallsOf(delta: Fields): Fields[] | undefined {
  const given = delta["tool_calls"];
  const calls = Array.isArray(given) ? given : isObject(given) ? [given] : [];
  if (calls.length > 0) return calls.filter(isObject).map(normaliseCall);
  // The form before tools: one call per message.
  const legacy = delta["function_call"];
  return isObject(legacy) ? [{ index: 0, function: normaliseFunction(legacy) }] : undefined;
}

function normaliseCall(call: Fields): Fields {
  const { index, id, ...rest } = call;
  const place = Number(index ?? NaN);
  const named = isObject(call["function"]) ? call["function"] : call;
  return {
    ...rest,
    ...(Number.isInteger(place) ? { index: place } : {}),
    ...(id === undefined || id === null ? {} : { id: String(id) }),
    function: normaliseFunction(named),
  };
}

function normaliseFunction({ name, arguments: given, parameters }: Fields): Fields {
  const text = given ?? parameters;
  return {
    ...(typeof name === "string" ? { name } : {}),
    ...(text === undefined || text === null
      ? {}
      : { arguments: typeof text === "string" ? text : JSON.stringify(text) }),
  };
}

/** Counts, also those given as texts; all else is left out. */
function withCounts(usage: Fields): Fields {
  return Object.fromEntries(
    Object.entries(usage).flatMap(([name, value]): [string, unknown][] => {
      if (isObject(value)) return name.endsWith("_details") ? [[name, withCounts(value)]] : [];
      if (typeof value === "boolean") return [[name, value]];
      const count = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      return typeof count === "number" && Number.isFinite(count) && count >= 0 ? [[name, count]] : [];
    }),
  );
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
