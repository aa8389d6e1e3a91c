// find_tools: describes tools that the model was not shown.

import { z } from "zod";
import type { ToolDescription } from "../models/models.ts";
import { describeArguments } from "./describe-arguments.ts";
import type { Tool } from "./tool.ts";

const answersMax = 4;
/** At most what later turns keep of an answer, so that found tools stay known. */
const answerCharsMax = 1_990;
const end = "\n\nCall them with call_tool.";
const explainedCharsMax = 2_000;
const namesShownMax = 40;

const input = z.object({ query: z.string().max(500).describe("Names or words; * for a list").default("*") });

export interface FindTools {
  tool: Tool<z.output<typeof input>>;
  explain(tool: Tool): string | undefined;
}

/** The tool that finds the hidden ones. Tools from elsewhere are found by words and not listed, since they come and go. */
export function createFindTools(
  hidden: { tool: Tool; description: ToolDescription }[],
  services: readonly string[] = [],
): FindTools {
  const own = hidden.filter(({ tool }) => tool.origin === undefined).map(({ tool }) => tool.name);
  const texts = new Map(hidden.map(({ tool, description }) => [tool.name, textOf(description)]));
  return {
    tool: {
      name: "find_tools",
      description: `Shows how more tools are called${nameSome(own, hidden.length, services)}.`,
      input,
      effect: "readonly",
      execute: async ({ query }) => ({ state: "done", output: answer(hidden, texts, query) }),
    },
    explain: ({ name }) => texts.get(name)?.slice(0, explainedCharsMax),
  };
}

function nameSome(own: readonly string[], count: number, services: readonly string[]): string {
  const named = [...own.slice(0, namesShownMax), ...services.map((service) => `those of ${service}`)];
  if (named.length === 0) return "";
  const more = services.length === 0 && count > Math.min(own.length, namesShownMax) ? " and others" : "";
  return `: ${named.join(", ")}${more}`;
}

function textOf({ name, description, inputSchema }: ToolDescription): string {
  return `${describeArguments(name, inputSchema)}\n${description}`;
}

function answer(hidden: { description: ToolDescription }[], texts: Map<string, string>, query: string): string {
  const words = wordsOf(query);
  const scored = hidden
    .map(({ description: { name, description } }, index) => ({ name, index, score: scoreOf(words, name, description) }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score || a.index - b.index);
  if (words.length === 0 || scored.length === 0) return listAll(hidden, words.length > 0);
  const named = scored.filter(({ name }) => words.includes(name));
  const parts: string[] = [];
  for (const { name } of (named.length > 0 ? named : scored).slice(0, answersMax)) {
    const text = texts.get(name) ?? "";
    const leftChars = answerCharsMax - end.length - parts.join("\n\n").length - 2;
    if (parts.length > 0 && text.length > leftChars) break;
    parts.push(text.slice(0, leftChars).toWellFormed());
  }
  return parts.join("\n\n") + end;
}

function listAll(hidden: { description: ToolDescription }[], isMiss: boolean): string {
  const lines = hidden.map(({ description: { name, description } }) => `- ${name}: ${firstSentence(description)}`);
  const head = isMiss ? "Nothing fits these words. There are:" : "There are:";
  return `${head}\n${lines.join("\n")}`.slice(0, answerCharsMax);
}

function firstSentence(text: string): string {
  return /^.*?[.:](?=\s|$)/s.exec(text)?.[0].replace(/[.:]$/, "") ?? text;
}

function wordsOf(query: string): string[] {
  return query
    .toLowerCase()
    .split(/[^\p{L}\p{N}_-]+/u)
    .filter((word) => word.length > 1);
}

function scoreOf(words: readonly string[], name: string, description: string): number {
  const inName = name.toLowerCase();
  const inText = description.toLowerCase();
  return words.reduce((sum, word) => {
    if (inName === word) return sum + 100;
    const stem = word.length > 4 ? word.replace(/(?:ing|es|ed|s)$/, "") : word;
    return sum + (inName.includes(stem) ? 5 : 0) + (inText.includes(stem) ? 1 : 0);
  }, 0);
}
