// What a tool is to the loop: a named, described, typed function with an effect class.
// Running one (validation, time limit, unknown outcomes) is src/tools/execute-tool.ts.

import type { ErrorCode, JsonValue } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
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
  /** What the run knows that makes this call: whatever the tool writes from its input carries them. */
  labels: Labels;
}

/** What a tool call came to. Failures are data: the model reads them and decides. */
export type ToolResult =
  /** `labels`: of what it gives back that was not in its input. */
  | { state: "done"; output: JsonValue; labels?: Labels }
  | { state: "failed"; code: ErrorCode; message: string; labels?: Labels }
  | { state: "unknown"; message: string }
  | { state: "waiting"; wait: JsonValue };

/** Where a tool comes from: recorded on the steps of its calls, where it is not built in. */
export type ToolOrigin =
  | { kind: "service"; name: string; version: string }
  | { kind: "mcp"; server: string; version: string };

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
  /** Of everything that this tool gives back for an input, whatever it is: also of why it failed. */
  labelsOf?: (input: Input) => Labels;
  /** Default: `toolMsMax` of the loop's limits. */
  timeoutMsMax?: number;
  /** Where it comes from, when it is not built in: a service, a server of tools. Such tools come and go. */
  origin?: ToolOrigin;
}

/** `isApproved`: a person has seen exactly this call and vouches for it. */
export type ToolPermit = { state: "granted"; isApproved?: boolean } | { state: "refused"; reason: string };

/** Asked inside the step of a valid call, before it is performed; a refusal is told to the model. */
export type PermitTool = (request: {
  tool: Pick<Tool, "name" | "effect">;
  input: JsonValue;
  call: ToolCall;
}) => Promise<ToolPermit>;
