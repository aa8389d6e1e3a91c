// One written call, or a list of them, at a place of a text, in the forms of many model families. Knows no marks around calls and no tools.

import { isJsonObject, type JsonValue } from "@roost/base";
import { parseArgumentsText } from "../messages/parse-arguments.ts";
import { readEntries, readLooseValue, skipSpace } from "./read-loose-value.ts";

export interface NamedCall {
  name: string;
  argumentsText: string;
}

export interface ReadCalls {
  calls: NamedCall[];
  /** The index behind them. */
  end: number;
}

/** Undefined: what stands there is no call, or not a complete one. */
export function readCallAt(text: string, at: number): ReadCalls | undefined {
  if (text[at] === "{") return readObject(text, at);
  if (text[at] === "[") return readObject(text, at) ?? readPythonList(text, at);
  return readTagged(text, at) ?? readPython(text, at) ?? readNamed(text, at) ?? readKeysAndValues(text, at);
}

/** The calls that a JSON value is: `{"name", "arguments"}` or its brothers, or a list of them. `needsArguments`: a name alone is none. */
export function callsOf(value: JsonValue, { needsArguments = false } = {}): NamedCall[] | undefined {
  const entries = Array.isArray(value) ? value : [value];
  const calls = entries.map((entry) => {
    if (!isJsonObject(entry)) return undefined;
    const inner = isJsonObject(entry["function"]) ? entry["function"] : entry;
    const name = ["name", "function", "tool", "tool_name", "function_name"].map((key) => inner[key]).find(isText);
    const given = ["arguments", "parameters", "args", "input", "tool_input"]
      .map((key) => inner[key])
      .find((each) => each !== undefined && each !== null);
    if (name === undefined || (needsArguments && given === undefined)) return undefined;
    return { name, argumentsText: isText(given) ? given : JSON.stringify(given ?? {}) };
  });
  return calls.length > 0 && calls.every((each) => each !== undefined) ? calls : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** A brace too few or too many is the commonest fault of small models. */
function readObject(text: string, at: number): ReadCalls | undefined {
  const read = readLooseValue(text, at) ?? readUnclosed(text, at);
  const calls = read && callsOf(read.value);
  return calls && { calls, end: read.end + (/^[}\]\s]*(?=<|\[|$)/.exec(text.slice(read.end))?.[0].length ?? 0) };
}

function readUnclosed(text: string, at: number): ReturnType<typeof readLooseValue> {
  const end = text.indexOf("</", at);
  if (end < 0) return undefined;
  const body = text.slice(at, end).trimEnd();
  for (const closing of ["}", "}}", "}]", "]"]) {
    const read = readLooseValue(body + closing, 0);
    if (read !== undefined && read.end === body.length + closing.length) return { value: read.value, end };
  }
  return undefined;
}

const parametersMax = 100;
/** Models of Llama leave the `>` out, or write brackets. */
const tagOpen = /<(function|invoke|tool_call)(?:=|\s+name=|\()["']?([^"'<>\s{()]+)["']?\)?(?:[^<>{]*>|(?=\{))/y;
const parameterOpen = /<(parameter|param)(?:=|\s+name=)["']?([^"'<>\s]+)["']?[^<>]*>/y;

/** `<function=NAME><parameter=KEY>…`, `<invoke name="NAME"><parameter name="KEY">…`, or JSON between such tags: Qwen Coder, MiniMax, Seed, DeepSeek. */
function readTagged(text: string, start: number): ReadCalls | undefined {
  const [opening, tag = "", name = ""] = matchAt(tagOpen, text, start) ?? [];
  if (opening === undefined) return undefined;
  const close = `</${tag}>`;
  let at = skipSpace(text, start + opening.length);
  if (text[at] === "{") {
    const read = readLooseValue(text, at);
    if (read === undefined) return undefined;
    const end = skipSpace(text, read.end);
    return {
      calls: [{ name, argumentsText: JSON.stringify(read.value) }],
      end: text.startsWith(close, end) ? end + close.length : end,
    };
  }
  const entries: [string, string][] = [];
  while (entries.length < parametersMax) {
    const [parameter, kind = "", key = ""] = matchAt(parameterOpen, text, at) ?? [];
    if (parameter === undefined) break;
    const from = at + parameter.length;
    const closing = `</${kind}>`;
    const ends = [closing, `\n<${kind}`, `\n${close}`]
      .map((each) => text.indexOf(each, from))
      .filter((end) => end >= 0);
    const end = Math.min(...ends, text.length);
    entries.push([key, text.slice(from, end).replace(/^\n|\n$/g, "")]);
    at = skipSpace(text, text.startsWith(closing, end) ? end + closing.length : end);
  }
  if (text.startsWith(close, at)) at += close.length;
  return { calls: [{ name, argumentsText: JSON.stringify(Object.fromEntries(entries)) }], end: at };
}

const namedOpen =
  /(?:Action:\s*(?=[^\n]*\n+[ \t]*Action Input:))?(?:(?:assistant|commentary|analysis|<\|(?:start|channel)\|>)\s*)*(?:to=)?(?:function\s*<[|｜][^<>]{1,40}>\s*)?([A-Za-z_][\w.:/-]*)\s*(?:(?:<[|｜][^<>]{1,40}>|\[ARGS\]|\[CALL_ID\]\w*|```json|```|json|code|commentary|Action Input:)\s*)*(?=\{)/y;

/** `NAME{…}` with marks between: Mistral, Kimi, DeepSeek, gpt-oss, Gemma, ReAct. */
function readNamed(text: string, start: number): ReadCalls | undefined {
  const [opening, name = ""] = matchAt(namedOpen, text, start) ?? [];
  const read = opening === undefined ? undefined : readLooseValue(text, start + opening.length);
  return read && { calls: [{ name, argumentsText: JSON.stringify(read.value) }], end: read.end };
}

const pairs = /([\w.-]+)\s*((?:<arg_key>[\s\S]*?<\/arg_key>\s*<arg_value>[\s\S]*?<\/arg_value>\s*)*)(?=<)/y;

/** `NAME<arg_key>…</arg_key><arg_value>…</arg_value>`: GLM. */
function readKeysAndValues(text: string, start: number): ReadCalls | undefined {
  const [whole, name = "", given = ""] = matchAt(pairs, text, start) ?? [];
  if (whole === undefined) return undefined;
  const entries = [...given.matchAll(/<arg_key>([\s\S]*?)<\/arg_key>\s*<arg_value>([\s\S]*?)<\/arg_value>/g)].map(
    ([, key = "", value = ""]): [string, string] => [key.trim(), value],
  );
  return {
    calls: [{ name, argumentsText: JSON.stringify(Object.fromEntries(entries)) }],
    end: start + whole.length,
  };
}

const pythonOpen = /(print\s*\(\s*)?([A-Za-z_][\w.]*)\s*\(/y;

/** `NAME(key=value)`: Llama, Gemma, LFM. */
function readPython(text: string, start: number): ReadCalls | undefined {
  const [opening, printing, name = ""] = matchAt(pythonOpen, text, start) ?? [];
  if (opening === undefined) return undefined;
  const read = readEntries(text, start + opening.length, { close: ")", between: "=", depth: 0 });
  if (read === undefined) return undefined;
  const isClosed = printing === undefined || text[skipSpace(text, read.end)] === ")";
  const end = printing === undefined ? read.end : skipSpace(text, read.end) + 1;
  return isClosed ? { calls: [{ name, argumentsText: JSON.stringify(read.value) }], end } : undefined;
}

function readPythonList(text: string, start: number): ReadCalls | undefined {
  const calls: NamedCall[] = [];
  for (let at = skipSpace(text, start + 1); ;) {
    const read = readPython(text, at);
    if (read === undefined) return undefined;
    calls.push(...read.calls);
    at = skipSpace(text, read.end);
    if (text[at] === "]") return { calls, end: at + 1 };
    if (text[at] !== ",") return undefined;
    at = skipSpace(text, at + 1);
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

/** Strictly: of a reply that is nothing else. */
export function readWholeCalls(
  text: string,
): { calls: NamedCall[]; form: "json" | "llama" | "python" | "named" } | undefined {
  const value = parseArgumentsText(text);
  if (value === undefined) {
    const form = text.startsWith("[") ? "python" : "named";
    const read = form === "python" ? readPythonList(text, 0) : readNamed(text, 0);
    return read?.end === text.length ? { calls: read.calls, form } : undefined;
  }
  const calls = callsOf(value, { needsArguments: true });
  const isLlama =
    isJsonObject(value) && Object.keys(value).every((key) => ["type", "name", "parameters"].includes(key));
  return calls && { calls, form: isLlama ? "llama" : "json" };
}
