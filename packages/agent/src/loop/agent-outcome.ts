/** How a run of the loop can end, and what a watcher sees of it. Types only. */
import type { JsonValue } from "@roost/base";
import type { Part } from "@roost/contract/part";
import type { Message, SummaryMessage } from "../messages/message.ts";
import type { FinishReason } from "../models/models.ts";
import type { StepError } from "../steps/step-runner.ts";
import type { TokenUsage } from "../usage/token-usage.ts";

/** A summary that stands for the turns of a conversation up to one. */
export interface ConversationSummary {
  message: SummaryMessage;
  /** The seq of the last turn that it replaces. */
  throughTurn: number;
  tokensBefore: number;
  tokensAfter: number;
}

/** Common to every end of a run. */
export interface AgentTotals {
  /** Messages that this run added to the transcript, in order, every tool call answered. */
  messages: Message[];
  /** After a compaction: what later runs of the conversation continue from. */
  summarised?: ConversationSummary | undefined;
  /** Sums of what providers reported; a field is null when no call reported it. */
  usage: TokenUsage;
  /** Sum of the known costs; null when none is known. */
  costUsd: number | null;
  /** The cost of at least one call is unknown, so `costUsd` is too low. */
  isCostPartial: boolean;
  turnCount: number;
  toolCallCount: number;
  /** No model was called: show the text, deliver nothing. */
  isRehearsed: boolean;
}

export type AgentLimitName = "spend" | "turns" | "tool_calls" | "wall_clock" | "context" | "repetition";

export type AgentEnd =
  | {
      kind: "replied";
      text: string;
      finishReason: FinishReason;
      /** Pictures and sound that the model made in this run. */
      parts?: Part[] | undefined;
      /** The output limit of the last reply. */
      outputTokensMax: number;
      /** The tokens after which a reply was cut off before that limit. */
      cutAt?: number | undefined;
      /** Changes of its request that the server required. */
      mends?: string[] | undefined;
      /** What of the turn the model could not be shown, and what it made that could not be kept, a sentence each. */
      leftOut?: string[];
      /** The text holds what looks like a call of a tool and could not be read as one. */
      hasUnreadCall?: boolean;
    }
  | {
      kind: "limit_exceeded";
      limit: AgentLimitName;
      message: string;
      /** For `spend`: the cap that refused. */
      cap?: string | undefined;
      /** The model's last text. */
      text: string;
    }
  /** `text` is what was shown of the unfinished reply. */
  | { kind: "cancelled"; reason: string; text: string }
  | { kind: "failed"; error: StepError };

export type AgentOutcome = AgentTotals & AgentEnd;

/** What a watcher of a run sees live; not durable, not needed to continue a run, not repeated in a replay. */
export type AgentDelta = { step: string } & (
  | { type: "text"; text: string }
  | { type: "remark"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "reset"; reason: string }
  | { type: "tool_call"; toolCallId: string; toolName: string; input: JsonValue }
  | { type: "tool_output"; toolCallId: string; text: string }
  | { type: "tool_result"; toolCallId: string; toolName: string; text: string; isError: boolean }
);
