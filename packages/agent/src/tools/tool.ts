// What a tool is to the loop: a named, described, typed function with an effect class.
// Running one (validation, time limit, unknown outcomes) is src/tools/execute-tool.ts.

import type { ErrorCode, JsonValue } from "@roost/base";
import type { z } from "zod";
import type { Effect } from "../steps/step-runner.ts";

/** A JSON Schema (2020-12) with its validator, for tools whose schema comes from a contract or another server. */
export interface JsonSchemaInput {
  jsonSchema: { [key: string]: JsonValue };
  /** Returns what is wrong, one message per fault; an empty list means valid. */
  validate: (value: unknown) => string[];
}

export interface ToolCall {
  toolCallId: string;
  /** The durable step of this call, such as `tool:write_file#2`. */
  step: string;
  /** Hand it to whoever performs the effect: the same call never has two. */
  idempotencyKey: string;
  signal: AbortSignal;
  attempt: number;
  /** True when untrusted content was in the context that asked for this call. */
  isTainted: boolean;
}

/** What a tool call came to. Failures are data: the model reads them and decides. */
export type ToolResult =
  | { state: "done"; output: JsonValue; isUntrusted?: boolean }
  | { state: "failed"; code: ErrorCode; message: string }
  | { state: "unknown"; message: string }
  | { state: "waiting"; wait: JsonValue };

/**
 * A tool the model may call. An `execute` that throws is a failure for `readonly` tools; for all others only codes
 * that say "nothing was done" (`invalid_input`, `forbidden`, `not_found`, …) are, the rest is an unknown outcome.
 */
export interface Tool<Input = any> {
  /** `[a-zA-Z0-9_-]`, at most 64 characters: what providers accept. */
  name: string;
  description: string;
  input: z.ZodType<Input> | JsonSchemaInput;
  effect: Effect;
  execute: (input: Input, call: ToolCall) => Promise<ToolResult>;
  /** For `queryable` tools: did the effect with this key happen, and what came of it? */
  query?: (
    input: Input,
    call: { idempotencyKey: string; signal: AbortSignal },
  ) => Promise<{ found: true; output: JsonValue } | { found: false }>;
  /** Everything this tool returns is content that nobody vouches for. */
  untrustedOutput?: boolean;
  /** Default: `toolMsMax` of the loop's limits. */
  timeoutMsMax?: number;
  /** Where it comes from, when it is not built in: a service, a server of tools. Such tools come and go. */
  origin?: string;
}

export type ToolPermit = { state: "granted" } | { state: "refused"; reason: string };

/** Asked inside the step of a valid call, before it is performed; a refusal is told to the model. */
export type PermitTool = (request: {
  tool: Pick<Tool, "name" | "effect">;
  input: JsonValue;
  call: ToolCall;
}) => Promise<ToolPermit>;
