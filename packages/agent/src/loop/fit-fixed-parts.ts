// Cuts instructions and tools that are too large for a model's context, in a stated order, and says what it cut. Messages are made room for in
// run-compaction-step.ts. Follows from recorded steps alone, so that a replay cuts the same.

import type { ContextSection } from "../messages/agent-context.ts";
import { estimatePrompt } from "../models/estimate-prompt.ts";
import type { ModelCallOutcome } from "../models/models.ts";
import { replyRoomOf } from "../models/output-tokens.ts";
import { createToolList } from "../tools/tool-list.ts";
import { estimateTokens } from "../usage/estimate-tokens.ts";
import type { Loop } from "./loop.ts";

type ContextExceeded = Extract<ModelCallOutcome, { kind: "context_exceeded" }>;

/** Instructions and tools may take this much of the window; what is above leaves before a conversation is summarised for it. */
const fixedShareMax = 0.75;
/** A provider that refuses what fits by our estimate counts more: then this much less is sent. */
const refusedShare = 0.7;
/** A section that would be shorter leaves as a whole. */
const sectionTokensMin = 40;
/** The sentences that name what left. */
const notesTokens = 60;
const notesName = "Left out";

/** Whether anything was cut. `beside`: what must have room as well; of a conversation of which nothing more can leave, all. */
export function fitFixedParts(
  loop: Loop,
  exceeded: ContextExceeded,
  { beside = "last" }: { beside?: "last" | "conversation" } = {},
): boolean {
  const { contextTokensMax, promptTokens, source } = exceeded;
  const room = contextTokensMax - replyRoomOf({ model: "", contextTokensMax }, loop.limits.outputTokensMax);
  const target = source === "provider" ? Math.min(room, Math.floor(promptTokens * refusedShare)) : room;
  const messages = beside === "last" ? loop.state.messages.slice(-1) : loop.state.messages;
  const least = estimatePrompt({ sections: [], messages, tools: [] });
  const tokensMax = Math.min(Math.floor(target * fixedShareMax), target - least);
  const before = fixedTokens(loop);
  // The message to answer is too long by itself: nothing here helps.
  if (before <= tokensMax || target - least < notesTokens + sectionTokensMin) return false;
  const cut = new Set(loop.state.cut);
  cutSections(loop, { tokensMax: tokensMax - notesTokens, cut, isLast: false });
  if (fixedTokens(loop) > tokensMax - notesTokens) cutTools(loop, cut);
  cutSections(loop, { tokensMax: tokensMax - notesTokens, cut, isLast: true });
  if (cut.size === 0) return false;
  loop.state.cut = [...cut];
  const text = `To fit your context of ${contextTokensMax} tokens: ${loop.state.cut.join("; ")}. read_file shows files in parts`;
  const others = loop.state.sections.filter(({ name }) => name !== notesName);
  loop.state.sections = [...others, { name: notesName, text }];
  loop.state.contextCutTo = contextTokensMax;
  return fixedTokens(loop) < before;
}

/** For a person; undefined: nothing was cut. */
export function tellCut({ cut, contextCutTo }: Loop["state"]): string | undefined {
  if (cut.length === 0) return undefined;
  return `the model's context of ${contextCutTo} tokens is too small for all of its instructions: ${cut.join("; ")} (docs/models.md)`;
}

function fixedTokens({ state, tools }: Loop): number {
  return estimatePrompt({ sections: state.sections, messages: [], tools: tools.descriptions });
}

/** The first to leave first. `isLast`: also what stays longer than the list of tools. */
function cutSections(
  loop: Loop,
  { tokensMax, cut, isLast }: { tokensMax: number; cut: Set<string>; isLast: boolean },
): void {
  const { state, options } = loop;
  const orderOf = ({ name }: ContextSection) => (name === notesName ? undefined : options.leaveOrder?.(name));
  const order = state.sections
    .filter((section) => (orderOf(section) ?? Infinity) < (isLast ? Infinity : 1))
    .toSorted((left, right) => orderOf(left)! - orderOf(right)!);
  for (const section of order) {
    const excess = fixedTokens(loop) - tokensMax;
    if (excess <= 0) return;
    const left = estimateTokens(section.text) - excess;
    const shorter = left < sectionTokensMin ? undefined : shortened(section, left);
    state.sections = state.sections.flatMap((each) => (each !== section ? [each] : (shorter ?? [])));
    cut.delete(`${section.name} was cut`);
    cut.add(`${section.name} was ${shorter === undefined ? "left out" : "cut"}`);
  }
}

function shortened(section: ContextSection, tokensMax: number): ContextSection {
  let { text } = section;
  while (estimateTokens(text) > tokensMax)
    text = text.slice(0, Math.min(text.length - 1, Math.floor((text.length * tokensMax) / estimateTokens(text))));
  return { ...section, text: text.toWellFormed() };
}

/** First the list becomes the two by which all others are found; then there is none. */
function cutTools(loop: Loop, cut: Set<string>): void {
  const { options, tools } = loop;
  if (tools.descriptions.length === 0) return;
  const fewest = createToolList(options.tools, { first: [], services: options.services, tokensMax: 0 });
  const isShorter = fewest.descriptions.length < tools.descriptions.length;
  cut.delete("the list of tools was cut");
  cut.add(isShorter ? "the list of tools was cut" : "tools were left out");
  loop.tools = isShorter ? fewest : { ...tools, descriptions: [] };
}
