// The state of one run of the loop, all derived from the context and recorded step outcomes, so that a replay arrives at the same state.

import type { AgentContext, ContextSection, HistoryTurn } from "../messages/agent-context.ts";
import { answerOrphans } from "../messages/answer-orphans.ts";
import type { AssistantMessage, Message, ToolCallPart, ToolMessage } from "../messages/message.ts";
import type { ModelReply } from "../models/models.ts";
import { addUsage } from "../usage/add-usage.ts";
import { noUsage } from "../usage/read-usage.ts";
import type { TokenUsage } from "../usage/token-usage.ts";
import type { AgentTotals, ConversationSummary } from "./agent-outcome.ts";
import { applyCompaction, turnsLeft, type Compaction } from "./compact.ts";
import { roundOf, roundsKept, type Round } from "./find-circle.ts";
import { noRequests, type RequestsSoFar } from "./request-record.ts";

export interface LoopState {
  sections: ContextSection[];
  /** Joined labels of all that was in the context, as texts. */
  contextLabels: string[] | undefined;
  /** What the model is shown next. */
  messages: Message[];
  /** Earlier turns among them, behind a summary if there is one. */
  turns: readonly HistoryTurn[];
  /** The last summary of whole earlier turns, for later runs. */
  summarised: ConversationSummary | undefined;
  /** What this run added, never compacted. */
  added: Message[];
  usage: TokenUsage;
  costUsd: number | null;
  isCostPartial: boolean;
  turnCount: number;
  modelStepCount: number;
  toolCallCount: number;
  compactionCount: number;
  hookCount: number;
  isRehearsed: boolean;
  callIds: Set<string>;
  /** Text shown of an unfinished reply. */
  shownText: string;
  requests: RequestsSoFar;
  /** What left the instructions or the tools to fit the context, and the context that it was cut to. */
  cut: readonly string[];
  contextCutTo: number;
  /** The last messages with calls, to see circles. */
  rounds: Round[];
  /** Of the form that the answer has to have: how often the model was told of it again, and whether a tool that it asks for was called. */
  form: { toldCount: number; isCalled: boolean };
  /** Messages in a row whose calls were refused as going round. */
  circleCount: number;
}

export function createLoopState(context: AgentContext): LoopState {
  const calls = context.messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []));
  return {
    sections: context.sections,
    contextLabels: context.labels,
    messages: [...context.messages],
    turns: context.history?.turns ?? [],
    summarised: undefined,
    added: [],
    usage: noUsage,
    costUsd: null,
    isCostPartial: false,
    turnCount: 0,
    modelStepCount: 0,
    toolCallCount: 0,
    compactionCount: 0,
    hookCount: 0,
    isRehearsed: false,
    callIds: new Set(calls.map((call) => call.toolCallId)),
    shownText: "",
    requests: noRequests(),
    cut: [],
    contextCutTo: 0,
    rounds: [],
    form: { toldCount: 0, isCalled: false },
    circleCount: 0,
  };
}

export function addReply(state: LoopState, reply: ModelReply, step: string): AssistantMessage {
  const message = withOwnCallIds(reply.message, { callIds: state.callIds, step });
  state.messages.push(message);
  state.added.push(message);
  state.turnCount += 1;
  state.shownText = "";
  if (message.isRehearsed) state.isRehearsed = true;
  addSpend(state, reply);
  return message;
}

export function addToolMessage(state: LoopState, message: ToolMessage): void {
  state.messages.push(message);
  state.added.push(message);
}

/** `isCircle`: its calls were refused as going round. */
export function addRound(
  state: LoopState,
  { calls, answers, isCircle }: { calls: readonly ToolCallPart[]; answers: readonly ToolMessage[]; isCircle: boolean },
): void {
  state.circleCount = isCircle ? state.circleCount + 1 : 0;
  if (!isCircle) state.rounds = [...state.rounds, roundOf(calls, answers)].slice(-roundsKept);
}

export function addCompaction(state: LoopState, compaction: Compaction): void {
  const { summary, tokensBefore = 0, tokensAfter = 0 } = compaction;
  const throughTurn = compaction.throughTurn ?? state.summarised?.throughTurn;
  if (summary !== undefined && throughTurn !== undefined)
    state.summarised = { message: summary, throughTurn, tokensBefore, tokensAfter };
  state.turns = state.turns.slice(turnsLeft(compaction.plan.leaving, state).length);
  state.messages = applyCompaction(state.messages, compaction);
  state.requests = { ...state.requests, messageCount: 0 };
  if (compaction.usage !== undefined) addSpend(state, { usage: compaction.usage, costUsd: compaction.costUsd ?? null });
}

export function totalsOf(state: LoopState): AgentTotals {
  return {
    messages: answerOrphans(state.added),
    summarised: state.summarised,
    usage: state.usage,
    costUsd: state.costUsd,
    isCostPartial: state.isCostPartial,
    turnCount: state.turnCount,
    toolCallCount: state.toolCallCount,
    isRehearsed: state.isRehearsed,
  };
}

function addSpend(state: LoopState, spend: { usage: TokenUsage; costUsd: number | null }): void {
  state.usage = addUsage(state.usage, spend.usage);
  if (spend.costUsd === null) state.isCostPartial = true;
  else state.costUsd = (state.costUsd ?? 0) + spend.costUsd;
}

/** Some servers omit call ids or restart them from 0 in every reply; an answer must match exactly one call. */
function withOwnCallIds(message: AssistantMessage, options: { callIds: Set<string>; step: string }): AssistantMessage {
  if (message.toolCalls === undefined) return message;
  const toolCalls = message.toolCalls.map((call, index) => {
    const isTaken = call.toolCallId === "" || options.callIds.has(call.toolCallId);
    const toolCallId = isTaken ? `${options.step.replace("#", "_")}_${index + 1}` : call.toolCallId;
    options.callIds.add(toolCallId);
    return { ...call, toolCallId };
  });
  return { ...message, toolCalls };
}
