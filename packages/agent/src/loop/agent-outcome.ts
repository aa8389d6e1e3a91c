/** How a run of the loop can end, and what a watcher sees of it meanwhile. Types only. */
import type { JsonValue } from "@roost/base";
import type { Message } from "../messages/message.ts";
import type { FinishReason } from "../models/models.ts";
import type { StepError } from "../steps/step-runner.ts";
import type { TokenUsage } from "../usage/token-usage.ts";

/** What every end of a run has in common. */
export interface AgentTotals {
  /** What this run added to the transcript, in order, every tool call answered. */
  messages: Message[];
  /** Only after a compaction: the whole context as the model last saw it, to go on from in a later run. */
  compactedTranscript?: Message[];
  /** Sums of what providers said; a field is null when no call told it. */
  usage: TokenUsage;
  /** Sum of the known costs; null when not a single call's cost is known. */
  costUsd: number | null;
  /** True when at least one call's cost is unknown, so that `costUsd` is too low. */
  isCostPartial: boolean;
  turnCount: number;
  toolCallCount: number;
  /** No model was asked: show the text, deliver nothing. */
  isRehearsed: boolean;
}

export type AgentLimitName = "spend" | "turns" | "tool_calls" | "wall_clock" | "context";

export type AgentEnd =
  | {
      kind: "replied";
      text: string;
      finishReason: FinishReason;
      /** The limit under which the last reply was written. */
      outputTokensMax: number;
      /** How its request was changed so that the server took it. */
      mends?: string[];
    }
  | {
      kind: "limit_exceeded";
      limit: AgentLimitName;
      message: string;
      /** For `spend`: the cap that refused. */
      cap?: string;
      /** The last thing the model said. */
      text: string;
    }
  /** `text` is what had been shown of the unfinished reply. */
  | { kind: "cancelled"; reason: string; text: string }
  | { kind: "failed"; error: StepError };

export type AgentOutcome = AgentTotals & AgentEnd;

/** What a watcher of a run sees as it happens; not durable, never needed to continue a run, not repeated in a replay. */
export type AgentDelta = { step: string } & (
  | { type: "text"; text: string }
  | { type: "remark"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "reset"; reason: string }
  | { type: "tool_call"; toolCallId: string; toolName: string; input: JsonValue }
  | { type: "tool_result"; toolCallId: string; toolName: string; text: string; isError: boolean }
);
