// find_tools: describes tools that the model was not shown.

import { joinLabels, openLabels, type Labels } from "@roost/contract/labels";
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

/** A tool that a model is not shown, with how it is described. */
interface HiddenTool {
  tool: Tool;
  description: ToolDescription;
}

export interface FindTools {
  tool: Tool<z.output<typeof input>>;
  explain(tool: Tool): string | undefined;
}

/** The tool that finds the hidden ones. Tools from elsewhere are found by words and not listed, since they come and go. */
export function createFindTools(hidden: readonly HiddenTool[], services: readonly string[] = []): FindTools {
  const own = hidden.filter(({ tool }) => tool.origin === undefined).map(({ tool }) => tool.name);
  const texts = new Map(hidden.map(({ tool, description }) => [tool.name, textOf(description)]));
  return {
    tool: {
      name: "find_tools",
      description: `Shows how more tools are called${nameSome(own, hidden.length, services)}.`,
      input,
      effect: "readonly",
      execute: async ({ query }) => {
        const output = answer(hidden, texts, query);
        return { state: "done", output, labels: labelsOfShown(hidden, output) };
      },
    },
    // What a server says of its tools is shown by find_tools alone, which marks it.
    explain: ({ name, descriptionLabels }) =>
      descriptionLabels === undefined ? texts.get(name)?.slice(0, explainedCharsMax) : undefined,
  };
}

/** Of all tools that an answer names, since their servers wrote what stands there. */
function labelsOfShown(hidden: readonly HiddenTool[], text: string): Labels {
  const shown = hidden.filter(({ description: { name } }) => text.includes(name));
  return joinLabels(openLabels, ...shown.map(({ tool }) => tool.descriptionLabels ?? openLabels));
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

function answer(hidden: readonly HiddenTool[], texts: Map<string, string>, query: string): string {
  const words = wordsOf(query);
  const meant = createMeant(words);
  const scored = hidden
    .map(({ tool, description: { name, description } }, index) => ({
      name,
      index,
      score: scoreOf(words, name, description) + scoreOf(meant(tool), name, description) / 2,
    }))
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

/** The words by which a tool's domain calls what was asked for: "recommended" means "shelf" where a shelf holds recommended books. */
function createMeant(words: readonly string[]): (tool: Tool) => string[] {
  const known = new Map<object, string[]>();
  return ({ vocabulary }) => {
    if (vocabulary === undefined) return [];
    const found = known.get(vocabulary) ?? wordsMeant(words, vocabulary);
    known.set(vocabulary, found);
    return found;
  };
}

function wordsMeant(words: readonly string[], vocabulary: Readonly<Record<string, string>>): string[] {
  return Object.entries(vocabulary)
    .filter(([word, meaning]) => scoreOf(words, word, meaning) > 0)
    .flatMap(([word]) => wordsOf(word))
    .filter((word) => !words.includes(word));
}

/** One line each, or names alone where there are too many for that. */
function listAll(hidden: readonly HiddenTool[], isMiss: boolean): string {
  const head = isMiss ? "Nothing fits these words. There are:" : "There are:";
  const lines = hidden.map(({ description: { name, description } }) => `- ${name}: ${firstSentence(description)}`);
  const whole = `${head}\n${lines.join("\n")}`;
  if (whole.length <= answerCharsMax) return whole;
  const bySource = Map.groupBy(hidden, ({ tool: { origin } }) => sourceOf(origin));
  // Each source says as much as the others, so that none is left out for coming last.
  const charsMax = Math.floor((answerCharsMax - head.length) / bySource.size) - 1;
  const groups = [...bySource].map(([source, tools]) => {
    const text = `- ${source} (${tools.length}): ${tools.map(({ tool }) => tool.name).join(", ")}`;
    return text.length <= charsMax ? text : `${text.slice(0, Math.max(0, charsMax - 1))}…`;
  });
  return `${head}\n${groups.join("\n")}`.slice(0, answerCharsMax);
}

function sourceOf(origin: Tool["origin"]): string {
  if (origin === undefined) return "built in";
  return origin.kind === "mcp" ? origin.server : origin.name;
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
