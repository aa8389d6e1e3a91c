import { changingNames } from "./changing-sections.ts";

/** What is told is cut before who the agent is and how it works: below 1 it leaves before the list of tools. */
const order: readonly (readonly [name: string | RegExp, order: number])[] = [
  [changingNames.earlierRuns, 0.1],
  [changingNames.mainConversation, 0.2],
  ["Skills", 0.3],
  [/^memory\//, 0.4],
  ["TOOLS.md", 0.5],
  ["MEMORY.md", 0.6],
  [/^Domain /, 0.7],
  ["USER.md", 0.8],
  ["IDENTITY.md", 2],
  ["SOUL.md", 3],
  ["AGENTS.md", 4],
];

/** How early a section of a context leaves where a model's context is too small for all: the lowest first; undefined: never. */
export function leaveOrder(section: string): number | undefined {
  return order.find(([name]) => (typeof name === "string" ? name === section : name.test(section)))?.[1];
}
