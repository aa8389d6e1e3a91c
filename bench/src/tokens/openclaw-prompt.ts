/**
 * What OpenClaw puts into a prompt, as a model of it: the rules that it publishes, and the tokens of its own texts and tools as they were counted (o200k) in
 * requests of openclaw 2026.3.13 and 2026.9.6 from npm, with the files of the example home as its workspace, its default settings, no channel, and a model
 * server that keeps what it is sent. Only these figures are kept here. How they were taken: docs/benchmarks.md.
 */
import type { Prompt } from "../week/read-prompt.ts";
import { tokensOf, type Parts } from "./count-request.ts";

type Kind = Prompt["kind"];

interface Generation {
  version: string;
  /** Its own instructions, without files and skills. */
  instructions: Record<Kind, number>;
  /** The list of the skills that it brings and that nothing is missing for. */
  skills: number;
  tools: Record<Kind, number>;
  /** Around what is asked: time, runtime, what a scheduled run is told. */
  frame: Record<Kind, number>;
  files: Record<Kind, readonly string[]>;
  /** Whether main's conversation begins anew at 04:00. */
  resetsDaily: boolean;
}

const everywhere = ["AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md"] as const;

export const generations: readonly Generation[] = [
  {
    version: "2026.3",
    instructions: { main: 2_748, cron: 1_777, heartbeat: 2_682 },
    skills: 797,
    tools: { main: 6_729, cron: 6_729, heartbeat: 5_100 },
    frame: { main: 0, cron: 56, heartbeat: 138 },
    files: {
      main: [...everywhere, "HEARTBEAT.md", "MEMORY.md"],
      cron: everywhere,
      heartbeat: [...everywhere, "HEARTBEAT.md", "MEMORY.md"],
    },
    resetsDaily: true,
  },
  {
    version: "2026.9",
    instructions: { main: 4_962, cron: 3_711, heartbeat: 4_550 },
    skills: 1_755,
    tools: { main: 2_038, cron: 1_876, heartbeat: 1_895 },
    frame: { main: 159, cron: 329, heartbeat: 172 },
    files: {
      main: [...everywhere, "MEMORY.md"],
      cron: everywhere,
      // Its HEARTBEAT.md is the scratch of a job, which a heartbeat is shown.
      heartbeat: [...everywhere, "HEARTBEAT.md", "MEMORY.md"],
    },
    resetsDaily: false,
  },
];

export interface PromptAsked {
  kind: Kind;
  /** What the job or the person says. */
  text: string;
  /** Main's conversation before it, as one text: what a cron does not see. */
  before: string;
  /** The calls and results of this turn so far: the same work takes the same steps. */
  since: readonly string[];
}

/** `readFile` gives the text of a file of the workspace. */
export function openClawPrompt(
  { instructions, skills, tools, frame, files }: Generation,
  { kind, text, before, since }: PromptAsked,
  { readFile, ownSkills }: { readFile: (path: string) => string; ownSkills: string },
): { parts: Parts; text: string } {
  const shown = files[kind].map((path): [string, string] => [path, readFile(path)]);
  const parts: Parts = new Map([
    ["instructions", instructions[kind]],
    ["skills", skills + tokensOf(ownSkills)],
    ["tools", tools[kind]],
    ...shown.map(([path, content]): [string, number] => [path, tokensOf(content)]),
    ["conversation before", kind === "cron" ? 0 : tokensOf(before)],
    ["news and what is asked", frame[kind] + tokensOf(text)],
    ["calls and results", since.reduce((sum, each) => sum + tokensOf(each), 0)],
  ]);
  return { parts, text: [...shown.map(([, content]) => content), kind === "cron" ? "" : before, text].join("\n") };
}
