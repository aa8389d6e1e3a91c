// Normalizes one event of a reply to OpenAI's form. What is not part of a reply is skipped; an error in any form becomes an error.

import { reasonIn } from "./error-text.ts";

export type NormalChunk =
  | { kind: "chunk"; value: Record<string, unknown>; isFinished: boolean; reasoningField?: string }
  | { kind: "error"; error: { message: string; code?: number | string } }
  | { kind: "skip" };

type Fields = Record<string, unknown>;

export function normaliseChunk(value: unknown): NormalChunk {
  if (Array.isArray(value)) return value.length === 0 ? { kind: "skip" } : normaliseChunk(value[0]);
  if (!isObject(value)) return { kind: "skip" };
  if (value["error"] !== undefined && value["error"] !== null && value["error"] !== false) return errorOf(value);
  const given = value["choices"];
  const choices = Array.isArray(given) ? given : isObject(given) ? [given] : undefined;
  if (choices === undefined) {
    const saysError = value["object"] === "error" || value["type"] === "error" || value["status"] === "failure";
    const isRefusal = saysError || value["detail"] !== undefined || value["errors"] !== undefined;
    if (isRefusal && reasonIn(value) !== undefined) return errorOf(value);
    if (!isObject(value["usage"])) return { kind: "skip" };
  }
  const { usage, ...rest } = value;
  const normal: Fields = { ...rest, ...(isObject(usage) ? { usage: withNumbers(usage) } : {}) };
  for (const [field, type] of [
    ["id", "string"],
    ["model", "string"],
    ["created", "number"],
  ] as const)
    if (typeof normal[field] !== type) delete normal[field];
  const read = (choices ?? []).filter(isObject).map(normaliseChoice);
  const reasoningField = read.find((choice) => choice.reasoningField !== undefined)?.reasoningField;
  return {
    kind: "chunk",
    value: { ...normal, object: "chat.completion.chunk", choices: read.map(({ choice }) => choice) },
    isFinished: read.some(({ choice }) => choice["finish_reason"] !== null),
    ...(reasoningField === undefined ? {} : { reasoningField }),
  };
}

function errorOf(value: Fields): NormalChunk {
  const inner = isObject(value["error"]) ? value["error"] : value;
  const codes = [inner["code"], inner["status"], inner["status_code"], value["code"], value["status_code"]];
  const code = codes.find((each) => Number.isInteger(Number(each)) && Number(each) >= 400 && Number(each) < 600);
  const message = reasonIn(value) ?? (typeof value["error"] === "string" ? value["error"] : JSON.stringify(value));
  return {
    kind: "error",
    error: { message: message.slice(0, 4_000), ...(code === undefined ? {} : { code: Number(code) }) },
  };
}

function normaliseChoice(choice: Fields): { choice: Fields; reasoningField?: string } {
  const message = isObject(choice["message"]) ? choice["message"] : {};
  const text = typeof choice["text"] === "string" ? { content: choice["text"] } : {};
  const delta: Fields = { ...text, ...message, ...(isObject(choice["delta"]) ? choice["delta"] : {}) };
  if (delta["role"] !== undefined && delta["role"] !== null && delta["role"] !== "") delta["role"] = "assistant";
  if (typeof delta["content"] === "number") delta["content"] = String(delta["content"]);
  if (isObject(delta["content"])) delta["content"] = [delta["content"]];
  if (delta["refusal"] !== undefined && typeof delta["refusal"] !== "string") delete delta["refusal"];
  const reasoningField = readReasoning(delta);
  const calls = toolCallsOf(delta);
  delete delta["function_call"];
  delete delta["tool_calls"];
  if (calls !== undefined) delta["tool_calls"] = calls;
  const reason = choice["finish_reason"];
  return {
    choice: {
      ...choice,
      index: 0,
      delta,
      finish_reason: reason === undefined || reason === null ? null : String(reason),
    },
    ...(reasoningField === undefined ? {} : { reasoningField }),
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

/** Counts given as texts. */
function withNumbers(usage: Fields): Fields {
  return Object.fromEntries(
    Object.entries(usage).map(([name, value]) => [
      name,
      typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value,
    ]),
  );
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
