// Roost's transcript: plain JSON, independent of providers' wire formats. src/models/ turns it into a prompt.

import type { JsonValue } from "@roost/base";
import type { Part } from "@roost/contract/part";

/** The speaker of what Roost itself tells an agent: `from` of such messages, whatever their text looks like. */
export const byRoost = "Roost";

/** A message of a person, a job or another agent to this agent. */
export interface UserMessage {
  role: "user";
  text: string;
  parts?: Part[] | undefined;
  /** Untrusted: shown between delimiters, and taints the run. */
  isUntrusted?: boolean | undefined;
  /** Its speaker, if not the person; named where it is shown. A text that claims one is still the person's. */
  from?: string;
  labels?: string[] | undefined;
}

/** One tool call as the model wrote it. `argumentsText` is kept verbatim, even when it is not JSON. */
export interface ToolCallPart {
  toolCallId: string;
  toolName: string;
  argumentsText: string;
  /** Opaque values that the provider wants back with the call (thought signatures). */
  providerMetadata?: JsonValue;
}

/** The model's message, persisted as a whole before any of its tool calls runs. */
export interface AssistantMessage {
  role: "assistant";
  text: string;
  reasoning?: { text: string; providerMetadata?: JsonValue }[] | undefined;
  /** The wire field in which the reasoning came and is sent back. */
  reasoningField?: string | undefined;
  toolCalls?: ToolCallPart[] | undefined;
  /** Pictures and sound that it made. */
  parts?: Part[] | undefined;
  /** Its author; reasoning is sent back only to the same provider and model. */
  provider: string;
  model: string;
  /** True when no model was called (see src/rehearsal). */
  isRehearsed?: boolean | undefined;
  labels?: string[] | undefined;
}

/** The answer to one tool call. */
export interface ToolMessage {
  role: "tool";
  toolCallId: string;
  toolName: string;
  text: string;
  parts?: Part[] | undefined;
  isError?: boolean;
  isUntrusted?: boolean | undefined;
  labels?: string[] | undefined;
}

/** A marked summary that replaces messages dropped to fit the context. */
export interface SummaryMessage {
  role: "summary";
  text: string;
  /** How many messages it replaces. */
  messageCount: number;
  method: "model" | "dropped";
  isUntrusted?: boolean | undefined;
  labels?: string[] | undefined;
}

/** `labels`, of each: of its text (packages/contract/src/labels.ts); default: those of its context. */
export type Message = UserMessage | AssistantMessage | ToolMessage | SummaryMessage;
