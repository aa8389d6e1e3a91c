// Reads calls of tools that a model wrote into its text: because its tools were described as text, or because its server has no parser for them.

import { isJsonObject } from "@roost/base";
import { parseArgumentsText } from "../messages/parse-arguments.ts";

export interface WrittenCalls {
  /** Without the calls. */
  text: string;
  calls: { toolName: string; argumentsText: string }[];
}

/** How model families mark a call: Hermes and Qwen, Granite and Phi, Mistral, Llama. The last two go to the end. */
const marked: readonly RegExp[] = [
  /<tool_call>\s*([\s\S]*?)\s*(?:<\/tool_call>|$)/g,
  /<\|?(?:function_call|tool_call)\|?>\s*([\s\S]*?)\s*(?:<\/?\|?(?:function_call|\/?tool_call)\|?>|$)/g,
  /\[TOOL_CALLS\]\s*([\s\S]*)$/g,
  /<\|python_tag\|>\s*([\s\S]*)$/g,
];

/**
 * The calls at the end of a reply, each of a known tool; undefined when there are none, or when text follows them: then they are quoted or explained.
 * `takesBare`: a reply that is nothing but a JSON object with a known name is a call too.
 */
export function readWrittenCalls(
  text: string,
  toolNames: readonly string[],
  { takesBare }: { takesBare: boolean },
): WrittenCalls | undefined {
  const whole = takesBare ? readCalls(withoutFence(text.trim()), toolNames) : undefined;
  if (whole !== undefined) return { text: "", calls: whole };
  for (const pattern of marked) {
    const found = [...text.matchAll(pattern)];
    const [first] = found;
    if (first === undefined || !isLineStart(text, first.index)) continue;
    const between = text.slice(first.index).replace(pattern, "").trim();
    const calls = found.map(([, body = ""]) => readCalls(withoutFence(body.trim()), toolNames));
    if (between === "" && calls.every((each) => each !== undefined))
      return { text: text.slice(0, first.index).trim(), calls: calls.flat() };
  }
  return undefined;
}

/** Outside of code. */
function isLineStart(text: string, index: number): boolean {
  const before = text.slice(0, index);
  return /(^|\n)[ \t]*$/.test(before) && (before.match(/```/g)?.length ?? 0) % 2 === 0;
}

function withoutFence(text: string): string {
  return /^```(?:json|tool_call)?\s*([\s\S]*?)\s*```$/.exec(text)?.[1] ?? text;
}

function readCalls(text: string, toolNames: readonly string[]): WrittenCalls["calls"] | undefined {
  if (!/^[[{]/.test(text)) return undefined;
  const value = parseArgumentsText(text);
  const calls = (Array.isArray(value) ? value : [value]).map((each) => {
    if (!isJsonObject(each)) return undefined;
    const inner = isJsonObject(each["function"]) ? each["function"] : each;
    const { name, arguments: given, parameters } = inner;
    const input = given ?? parameters;
    if (typeof name !== "string" || !toolNames.includes(name) || input === undefined || input === null)
      return undefined;
    return { toolName: name, argumentsText: typeof input === "string" ? input : JSON.stringify(input) };
  });
  return calls.length > 0 && calls.every((each) => each !== undefined) ? calls : undefined;
}
