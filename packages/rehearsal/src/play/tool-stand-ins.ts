/** Tools as the model is told of them, with nothing behind them: no call of a rehearsal reads or changes anything. */
// tidy: the tools, the call of one, and what it answers.
import type { Tool } from "@roost/agent";

/** Reading tools that a simulated call may name, with arguments that they accept, the most usual first. */
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

/** Words, about that many characters of them. */
export function fillerText(chars: number): string {
  return word.repeat(Math.ceil(Math.min(chars, fillerCharsMax) / word.length)).trimStart();
}
