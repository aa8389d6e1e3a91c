/** The tools' descriptions without the tools: calls in a rehearsal read and change nothing. */
// tidy: the tools, a call of one, and its answer.
import type { Tool } from "@roost/agent";

/** Reading tools for simulated calls, with valid arguments, most common first. */
const harmlessCalls: readonly { name: string; input: string }[] = [
  { name: "read_file", input: '{"path":"AGENTS.md"}' },
  { name: "get_state", input: '{"name":"rehearsal"}' },
  { name: "list_runs", input: "{}" },
  { name: "list_files", input: "{}" },
  { name: "read_log", input: "{}" },
  { name: "http_fetch", input: '{"url":"https://example.com/"}' },
];

/** Undefined for a run without any of these tools: it answers at once. */
export function harmlessCall(toolNames: readonly string[]): { name: string; input: string } | undefined {
  return harmlessCalls.find(({ name }) => toolNames.includes(name));
}

export function standInTools(tools: readonly Tool[], options: { resultChars: number }): Tool[] {
  const output = fillerText(options.resultChars);
  return tools.map(({ query: _query, ...tool }) => ({ ...tool, execute: async () => ({ state: "done", output }) }));
}

const word = " word";
const fillerCharsMax = 200_000;

/** Filler words of about this many characters. */
export function fillerText(chars: number): string {
  return word.repeat(Math.ceil(Math.min(chars, fillerCharsMax) / word.length)).trimStart();
}
