/** The names of the person and of the agent: a line of USER.md and the first words of SOUL.md. Everything else of both files stays. */
import { findHomeFile, rewriteHomeFile, type Memory } from "@roost/memory";

export interface Names {
  name: string | null;
  agentName: string | null;
}

/** Where a name stands, and what is written where the file has no such place. */
const places = {
  name: {
    path: "USER.md",
    title: "# User",
    pattern: /^(- Name:)[ \t]*(.*)$/m,
    line: (name: string) => `- Name: ${name}`,
  },
  agentName: {
    path: "SOUL.md",
    title: "# Soul",
    pattern: /^(I am) ([^,.\n]{1,60})/m,
    line: (name: string) => `I am ${name}, a personal agent.`,
  },
} as const;
/** What the template says until a name is told. */
const untold = /^\(not told yet\)$/;

export async function readNames(memory: Memory): Promise<Names> {
  const [name, agentName] = await Promise.all([readName(memory, "name"), readName(memory, "agentName")]);
  return { name, agentName };
}

async function readName(memory: Memory, which: keyof Names): Promise<string | null> {
  const { path, pattern } = places[which];
  const file = await findHomeFile(memory, path, { as: { kind: "main" } });
  const found = pattern.exec(file?.text ?? "")?.[2]?.trim() ?? "";
  return found === "" || untold.test(found) ? null : found.slice(0, 60);
}

/** @throws RoostError `conflict` when the file changed meanwhile */
export async function writeName(
  memory: Memory,
  which: keyof Names,
  { name, by }: { name: string; by: string },
): Promise<void> {
  const { path, title, pattern, line } = places[which];
  const rewrite = (text: string) =>
    pattern.test(text)
      ? text.replace(pattern, (_all, start: string) => `${start} ${name}`)
      : `${belowTitle(text || title, line(name)).trimEnd()}\n`;
  await rewriteHomeFile(memory, { path, by, rewrite });
}

/** As a paragraph of its own. */
function belowTitle(text: string, line: string): string {
  return text.replace(/^(#[^\n]*)?\n*/, (head) => `${head.trimEnd()}\n\n${line}\n\n`.trimStart());
}
