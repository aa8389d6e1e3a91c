// The transcript that Roost keeps: plain JSON, independent of any provider's wire format.
// Turning it into a provider's prompt happens in src/models/.

import type { JsonValue } from "@roost/base";

/** What a person, a job or another agent says to this agent. */
export interface UserMessage {
  role: "user";
  text: string;
  /** Content that nobody vouches for: it is shown between delimiters and taints the run. */
  isUntrusted?: boolean;
  /** Who or what it is from, where that is not the person: said where it is shown. */
  from?: string;
  labels?: string[];
}

/** One tool call as the model wrote it. `argumentsText` is kept verbatim, also when it is not JSON. */
export interface ToolCallPart {
  toolCallId: string;
  toolName: string;
  argumentsText: string;
  /** Opaque values that the provider wants back with the call (thought signatures). */
  providerMetadata?: JsonValue;
}

/** What the model said, persisted as a whole before any of its tool calls runs. */
export interface AssistantMessage {
  role: "assistant";
  text: string;
  reasoning?: { text: string; providerMetadata?: JsonValue }[];
  /** The field of the wire under which the reasoning came, and under which it is sent back. */
  reasoningField?: string;
  toolCalls?: ToolCallPart[];
  /** Who said it; reasoning is only ever given back to the same provider and model. */
  provider: string;
  model: string;
  /** True when no model was asked (see src/rehearsal). */
  isRehearsed?: boolean;
  labels?: string[];
}

/** The answer to one tool call. */
export interface ToolMessage {
  role: "tool";
  toolCallId: string;
  toolName: string;
  text: string;
  isError?: boolean;
  isUntrusted?: boolean;
  labels?: string[];
}

/** A marked summary that stands for messages that were dropped to fit the context. */
export interface SummaryMessage {
  role: "summary";
  text: string;
  /** How many messages it stands for. */
  messageCount: number;
  method: "model" | "dropped";
  isUntrusted?: boolean;
  labels?: string[];
}

/** `labels`, of each: of what it says (packages/contract/src/labels.ts); left out: those of the context that it stands in. */
export type Message = UserMessage | AssistantMessage | ToolMessage | SummaryMessage;
