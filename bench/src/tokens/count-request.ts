/** What a request to a model consists of, in tokens by part: each text stands in one part, so that the parts add up to what was sent. */
import type { ScriptedRequest, WireMessage } from "@roost/agent/testing";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";

export type Parts = Map<string, number>;

const known = new Map<string, number>();

/** As a current model's tokenizer does (o200k); most texts are the same in every request. */
export function tokensOf(text: string): number {
  const before = known.get(text);
  if (before !== undefined) return before;
  const count = countTokens(text);
  known.set(text, count);
  return count;
}

/** Sections of the instructions are cut before their headings, so that no character is in two parts or in none. */
const heading =
  /^(?=# (?:\S+\.md|Instructions|Skills|This session|Earlier runs of this job|The end of the main conversation|Domain .+)$)/m;

export function countRequest({ systemText, messages, body }: ScriptedRequest): Parts {
  const parts: Parts = new Map();
  const add = (part: string, text: string) => parts.set(part, (parts.get(part) ?? 0) + tokensOf(text));
  for (const section of systemText.split(heading))
    add(/^# (.+)$/m.exec(section)?.[1]?.replace(/^memory\/.*/, "daily notes") ?? "instructions", section);
  for (const tool of (body["tools"] ?? []) as { function: unknown }[]) add("tools", JSON.stringify(tool.function));
  const rest = messages.filter(({ role }) => role !== "system");
  const asked = rest.findLastIndex(({ role }) => role === "user");
  for (const [index, message] of rest.entries()) {
    const part =
      index < asked ? "conversation before" : index === asked ? "news and what is asked" : "calls and results";
    add(part, textOf(message));
  }
  return parts;
}

/** What of a message a model reads. */
export function textOf({ content, tool_calls: calls = [] }: WireMessage): string {
  return [content ?? "", ...calls.map(({ function: { name, arguments: given } }) => `${name}${given}`)].join("");
}

export function sumOf(parts: Parts): number {
  return [...parts.values()].reduce((sum, each) => sum + each, 0);
}

export function addParts(total: Parts, parts: Parts): void {
  for (const [part, tokens] of parts) total.set(part, (total.get(part) ?? 0) + tokens);
}

/** "tools 1,200, AGENTS.md 230": the largest first. */
export function listParts(parts: Parts, divisor: number): string {
  return [...parts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([part, tokens]) => `${part} ${Math.round(tokens / divisor).toLocaleString("en")}`)
    .join(", ");
}
