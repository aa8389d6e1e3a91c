// Reads calls of tools that a model wrote into its text: because its tools were described as text, or because its server has no parser for them.

import { matchToolName, plainToolName } from "../messages/match-tool-name.ts";
import { readCallAt, readWholeCalls, type NamedCall } from "./read-call-at.ts";

export interface WrittenCalls {
  /** Without the calls. */
  text: string;
  calls: { toolName: string; argumentsText: string }[];
}

export interface ReadWrittenOptions {
  /** All tools that can be called, shown or not. */
  toolNames: readonly string[];
  /** They were described as text: a reply of nothing but JSON with a known name is a call too, and so is one of a tool that does not exist. */
  areToolsText: boolean;
}

/** How model families begin their calls: Hermes, Qwen, GLM, MiniMax, Seed; Granite, Phi, LFM, Kimi, Llama, Cohere, Gemma; DeepSeek; Mistral; gpt-oss. */
const opening = new RegExp(
  [
    String.raw`<(?:[\w-]+:)?(?:tool_?calls?|tool_use|function_?calls?|longcat_tool_call)>`,
    String.raw`<\|(?:tool_calls?|function_calls?|tool_call_start|tool_calls_section_begin|tool_calls?_begin|python_tag|python_start|START_ACTION|action_start)\|?>`,
    String.raw`<｜tool▁calls?▁begin｜>|<start_function_call>|\[TOOL_CALLS\]|<(?:function(?:=|\s+name=|\((?=[\w.]+\)\{))|invoke\s+name=|tool_call\s+name=)`,
    String.raw`functools(?=\[)|\x60\x60\x60tool_(?:calls?|code)\b|(?:<\|start\|>assistant\s*)?<\|channel\|>(?:commentary|analysis) to=|<\|start\|>assistant to=functions\.|commentary to=functions\.|Action:(?=[^\n]*\n+[ \t]*Action Input:)`,
  ].join("|"),
  "gi",
);
/** What stands around calls and says nothing more. */
const around =
  /(?:\s|[;,]|<\/?(?:[\w-]+:)?(?:tool_?calls?|tool_use|function_?calls?|longcat_tool_call|tools?|function|invoke)\|?>|Observation:(?=\s*$)|<\/?[|｜]\/?[^<>\n]{1,60}>|<(?:start|end)_function_call>|<tool_call\|>|\[\/?TOOL_CALLS\]|functools(?=\[)|```\w*)*/iy;
/** DeepSeek puts this into each of its tags. */
const tagMark = /(?<=<\/?)[|｜]DSML[|｜]/g;
const openingsMax = 50;
const callsMax = 200;
const indentCharsMax = 40;

/**
 * The calls at the end of a reply; undefined when there are none, or when text follows them: then they are quoted or explained. Without a mark only
 * the forms of Llama are calls of a model that has tools: an answer in JSON stays one.
 */
export function readWrittenCalls(given: string, options: ReadWrittenOptions): WrittenCalls | undefined {
  const whole = readWholeCalls(withoutFence(given.trim()));
  if (whole !== undefined && (options.areToolsText || whole.form !== "json")) {
    const calls = knownCalls(whole.calls, { ...options, areToolsText: false });
    if (calls !== undefined) return { text: "", calls };
  }
  const text = given.replace(tagMark, "");
  for (const at of openingsIn(text)) {
    const read = readToEnd(text, at);
    const calls = read && knownCalls(read, options);
    if (calls !== undefined) return { text: text.slice(0, at).trim(), calls };
  }
  return undefined;
}

/** Whether a reply holds what looks like a call of one of these tools, though it could not be read as one. */
export function hasUnreadCall(text: string, { toolNames }: Pick<ReadWrittenOptions, "toolNames">): boolean {
  const whole = readWholeCalls(withoutFence(text.trim()));
  if (whole !== undefined && knownCalls(whole.calls, { toolNames, areToolsText: false }) !== undefined) return true;
  return openingsIn(text).length > 0;
}

/** Places outside of code where a line or a sentence begins. */
function openingsIn(text: string): number[] {
  const places: number[] = [];
  for (const { index } of text.matchAll(opening)) {
    const isStart = /(?:^|\n|[.!?])[ \t]*$/.test(text.slice(Math.max(0, index - indentCharsMax), index));
    if (!isStart || (text.slice(0, index).match(/```/g)?.length ?? 0) % 2 === 1) continue;
    places.push(index);
    if (places.length >= openingsMax) break;
  }
  return places;
}

function readToEnd(text: string, start: number): NamedCall[] | undefined {
  const calls: NamedCall[] = [];
  for (let at = start; calls.length < callsMax;) {
    around.lastIndex = at;
    at += around.exec(text)?.[0].length ?? 0;
    if (at >= text.length) return calls.length === 0 ? undefined : calls;
    const read = readCallAt(text, at);
    if (read === undefined || read.end <= at) return undefined;
    calls.push(...read.calls);
    at = read.end;
  }
  return undefined;
}

function knownCalls(
  calls: readonly NamedCall[],
  { toolNames, areToolsText }: ReadWrittenOptions,
): WrittenCalls["calls"] | undefined {
  const known = calls.map(({ name, argumentsText }) => {
    const toolName = matchToolName(name, toolNames) ?? (areToolsText ? plainToolName(name) : "");
    return { toolName, argumentsText };
  });
  return known.every(({ toolName }) => toolName !== "") ? known : undefined;
}

function withoutFence(text: string): string {
  const opening = /^```(?:json|tool_call)?/.exec(text)?.[0];
  const isFenced = opening !== undefined && text.length >= opening.length + 3 && text.endsWith("```");
  return isFenced ? text.slice(opening.length, -3).trim() : text;
}
