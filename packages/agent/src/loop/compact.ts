// Makes room in a context: its oldest part becomes one marked summary, or, if the model writes none, a marker that keeps an earlier summary and
// names what was left out. What leaves is planned in plan-compaction.ts, the summary is written in write-summary.ts.

import { formatLabels, isUntrusted, joinLabels, openLabels, parseLabels, type Labels } from "@roost/contract/labels";
import type { HistoryTurn } from "../messages/agent-context.ts";
import type { Message, SummaryMessage } from "../messages/message.ts";
import { estimateMessage } from "../models/estimate-prompt.ts";
import type { StepError } from "../steps/step-runner.ts";
import { shorten } from "../tools/execute-tool.ts";
import { planCompaction, type CompactionPlan } from "./plan-compaction.ts";
import {
  renderMessage,
  summaryTokensMax,
  writeSummary,
  type SummarySpend,
  type WriteSummaryOptions,
} from "./write-summary.ts";

/** The record of a compaction: everything needed to repeat it without the model. */
export interface Compaction extends SummarySpend {
  plan: CompactionPlan;
  summary?: SummaryMessage;
  /** What must not be forgotten: written to memory before the messages leave. */
  facts?: string[];
  /** The last turn that the summary replaces as a whole. */
  throughTurn?: number;
  tokensBefore?: number;
  tokensAfter?: number;
}

/** `failed`: no model answers now, and nothing leaves. */
export type CompactOutcome =
  | { state: "compacted"; compaction: Compaction }
  | { state: "full" }
  | { state: "failed"; error: StepError };

export interface CompactOptions extends WriteSummaryOptions {
  messages: Message[];
  /** Earlier turns among the messages, behind a summary if there is one. */
  turns: readonly HistoryTurn[];
  /** Limit of the messages afterwards; 0: all of them leave. */
  tokensMax: number;
  /** Current labels of the run. */
  labels: () => Promise<Labels>;
}

/** Fewer say nothing. */
const summaryTokensMin = 100;
const leftOutLinesMax = 12;
const leftOutLineChars = 120;

export async function compact(options: CompactOptions): Promise<CompactOutcome> {
  const { messages, turns, tokensMax } = options;
  const planned = tokensMax === 0 ? allOf(messages) : planFor(options);
  if (planned === undefined) return { state: "full" };
  const plan = { ...planned, leaving: withWholeTurns(planned.leaving, { messages, turns }) };
  const leaving = plan.leaving.map((index) => messages[index]!);
  if (leaving.length === 0) return { state: "compacted", compaction: { plan } };
  const { kind, ...written } = await writeSummary(leaving, { ...options, summaryTokens: summaryRoom(plan, options) });
  if (kind === "failed") return { state: "failed", error: (written as { error: StepError }).error };
  // A person who asks for a summary keeps the conversation without one.
  if (kind === "rehearsed" || (kind === "none" && tokensMax === 0)) return { state: "full" };
  if (kind === "none")
    options.logger.warn("the context is compacted without a model's summary", { step: options.step });
  const { text, facts = [], ...spend } = written as SummarySpend & { text?: string; facts?: string[] };
  const left = turnsLeft(plan.leaving, { messages, turns });
  const labels = await labelsOf(options, plan.leaving, left);
  const summary: SummaryMessage = {
    role: "summary",
    text: text ?? leftOut(leaving),
    messageCount: leaving.reduce((sum, { role, ...of }) => sum + (role === "summary" ? countOf(of) : 1), 0),
    method: text === undefined ? "dropped" : "model",
    isUntrusted: isUntrusted(labels) || leaving.some(isMarked) ? true : undefined,
    labels: formatLabels(labels),
  };
  const compaction: Compaction = { plan, summary, ...spend, ...(facts.length === 0 ? {} : { facts }) };
  const throughTurn = left.at(-1)?.seq;
  if (throughTurn !== undefined) compaction.throughTurn = throughTurn;
  compaction.tokensBefore = tokensOf(messages);
  compaction.tokensAfter = tokensOf(applyCompaction(messages, compaction));
  return { state: "compacted", compaction };
}

const isMarked = (message: Message) => message.role !== "assistant" && message.isUntrusted === true;
const countOf = (summary: object) => (summary as SummaryMessage).messageCount;
const tokensOf = (messages: Message[]) => messages.reduce((sum, message) => sum + estimateMessage(message), 0);
const allOf = (messages: Message[]): CompactionPlan => ({ leaving: [...messages.keys()], shortened: [] });

/** A summary that has no room has to be summarised itself, by a small model again and again. */
function summaryRoom(plan: CompactionPlan, { messages, tokensMax }: CompactOptions): number {
  if (tokensMax === 0) return summaryTokensMax;
  return Math.max(summaryTokensMin, tokensMax - tokensOf(applyCompaction(messages, { plan })));
}

/** The summary needs room too. */
function planFor({ messages, tokensMax, model }: CompactOptions): CompactionPlan | undefined {
  const room = Math.min(summaryTokensMax, Math.floor(tokensMax / 4));
  return planCompaction(messages, { input: model.input, tokensMax: Math.max(0, tokensMax - room) });
}

interface Conversation {
  messages: Message[];
  turns: readonly HistoryTurn[];
}

/** Indexes of each turn's messages. */
function placesOf({ messages, turns }: Conversation): { turn: HistoryTurn; indexes: number[] }[] {
  let next = messages[0]?.role === "summary" ? 1 : 0;
  return turns.map((turn) => {
    const from = next;
    next += turn.messageCount;
    return { turn, indexes: Array.from({ length: turn.messageCount }, (_, offset) => from + offset) };
  });
}

/** A turn leaves as a whole, so that the conversation goes on from the summary as it went on in this run. */
function withWholeTurns(leaving: number[], conversation: Conversation): number[] {
  const all = new Set(leaving);
  for (const { indexes } of placesOf(conversation))
    if (indexes.some((index) => all.has(index))) for (const index of indexes) all.add(index);
  return [...all].toSorted((left, right) => left - right);
}

/** The oldest turns, as far as they have left. */
export function turnsLeft(leaving: readonly number[], conversation: Conversation): HistoryTurn[] {
  const gone = new Set(leaving);
  const places = placesOf(conversation);
  const staying = places.findIndex(({ indexes }) => indexes.some((index) => !gone.has(index)));
  return places.slice(0, staying === -1 ? places.length : staying).map(({ turn }) => turn);
}

/** Of what leaves, where that is known: an earlier summary and whole turns. Else those of the run. */
async function labelsOf(
  { messages, labels }: CompactOptions,
  leaving: readonly number[],
  turns: readonly HistoryTurn[],
): Promise<Labels> {
  const byModel: Labels = { ...openLabels, trust: "agent" };
  const summaries = messages.slice(0, 1).filter(({ role }) => role === "summary");
  const known = turns.reduce((sum, { messageCount }) => sum + messageCount, summaries.length);
  const texts = [...summaries, ...turns].map((each) => each.labels);
  if (leaving.length > known || texts.includes(undefined)) return joinLabels(await labels(), byModel);
  return joinLabels(...texts.map((each) => parseLabels(each)), byModel);
}

/** The messages after a compaction: the summary, then those that stayed, in order. */
export function applyCompaction(messages: Message[], compaction: Compaction): Message[] {
  const leaving = new Set(compaction.plan.leaving);
  const shortened = new Map(compaction.plan.shortened.map(({ index, charsMax }) => [index, charsMax]));
  const staying = messages.flatMap((message, index) => {
    if (leaving.has(index)) return [];
    const charsMax = shortened.get(index);
    return [charsMax === undefined ? message : { ...message, text: shorten(message.text, charsMax) }];
  });
  return compaction.summary === undefined ? staying : [compaction.summary, ...staying];
}

/** An earlier summary stays whole. */
function leftOut(messages: Message[]): string {
  const [first, ...others] = messages;
  const earlier = first?.role === "summary" ? [first.text, ""] : [];
  const lines = (earlier.length > 0 ? others : messages).map(
    (message) => `- ${renderMessage(message, leftOutLineChars).replace(/\s+/g, " ").slice(0, leftOutLineChars)}`,
  );
  const head = lines.slice(0, leftOutLinesMax / 2);
  const tail = lines.slice(Math.max(head.length, lines.length - leftOutLinesMax / 2));
  const middle = lines.length - head.length - tail.length;
  return [
    ...earlier,
    "No summary could be written. How the left-out messages began:",
    ...head,
    ...(middle > 0 ? [`- … ${middle} more`] : []),
    ...tail,
  ].join("\n");
}
