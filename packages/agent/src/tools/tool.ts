// A tool for the loop: a named, described, typed function with an effect class. Execution (validation, time limit, unknown outcomes):
// src/tools/execute-tool.ts.

import type { ErrorCode, JsonValue } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { Part } from "@roost/contract/part";
import type { z } from "zod";
import type { Effect } from "../steps/step-runner.ts";

/** A JSON Schema (2020-12) with its validator, for tools from a contract or another server. */
export interface JsonSchemaInput {
  jsonSchema: { [key: string]: JsonValue };
  /** Returns one message per fault; empty means valid. */
  validate: (value: unknown) => string[];
}

export interface ToolCall {
  toolCallId: string;
  /** The durable step of this call, such as `tool:write_file#2`. */
  step: string;
  /** Pass it to whatever performs the effect: constant per call. */
  idempotencyKey: string;
  signal: AbortSignal;
  attempt: number;
  /** Labels of the calling run: whatever the tool writes from its input gets them. */
  labels: Labels;
  /** A person was asked about this call and approved it, or had granted calls like it. */
  isAllowed?: boolean | undefined;
  /** Shows those who watch the run what comes, before there is a result. */
  show?: ((text: string) => void) | undefined;
}

/** Whom or what a call reaches: what a person allows or approves it for. */
export interface Reach {
  /** "example.com", "work/blog/draft.md", the id of a job. */
  target: string;
  /** Of a call that reaches several, each of them: what policies say of one holds. */
  targets?: readonly string[] | undefined;
  /** It leaves the home: what is in the call may be read by others. */
  isOutside: boolean;
  /**
   * All that the call tells whom it reaches. When the same text came to the run from outside, it carries nothing that the run knows. Undefined: it
   * may carry anything.
   */
  carries?: string | undefined;
}

/** A run that a call has started. The loop waits for each as a step of its own; their results are the answer of the call. */
export interface ChildRun {
  runId: string;
  /** Of its agent, for people. */
  name: string;
}

/** The result of a tool call. Failures are data: the model reads them and decides. */
export type ToolResult =
  /** `labels`: of output that was not in its input. `parts`: output beside its text, stored by reference. */
  | { state: "done"; output: JsonValue; labels?: Labels | undefined; parts?: Part[] | undefined; children?: ChildRun[] }
  | { state: "failed"; code: ErrorCode; message: string; labels?: Labels | undefined }
  | { state: "unknown"; message: string; labels?: Labels | undefined }
  | { state: "waiting"; wait: JsonValue };

/** The source of a tool, recorded on its calls' steps unless it is built in. */
export type ToolOrigin =
  | { kind: "service"; name: string; version: string }
  | { kind: "mcp"; server: string; version: string };

/**
 * A tool the model may call. An `execute` that throws is a failure for `readonly` tools; for others only codes that mean "nothing was done"
 * (`invalid_input`, `forbidden`, `not_found`, …) are, the rest is an unknown outcome.
 */
export interface Tool<Input = any> {
  /** `[a-zA-Z0-9_-]`, at most 64 characters: what providers accept. */
  name: string;
  description: string;
  input: z.ZodType<Input> | JsonSchemaInput;
  effect: Effect;
  execute: (input: Input, call: ToolCall) => Promise<ToolResult>;
  /** For `queryable` tools: whether the effect with this key happened, and its result. */
  query?:
    | ((
        input: Input,
        call: { idempotencyKey: string; signal: AbortSignal },
      ) => Promise<{ found: true; output: JsonValue; labels?: Labels } | { found: false }>)
    | undefined;
  /** Of everything that this tool gives back for an input, whatever it is: also of why it failed. Asked once it has ended. */
  labelsOf?: (input: Input) => Labels | Promise<Labels>;
  /** Pure. Left out: nothing outside the home, and no target other than these very arguments. */
  reach?: ((input: Input) => Reach) | undefined;
  /** Of a call that waited: what the model reads of the answer. Default: the answer as JSON. */
  readAnswer?: (answer: JsonValue) => string;
  /** Default: `toolMsMax` of the loop's limits. */
  timeoutMsMax?: number;
  /** Of its name, description and schema: where a server wrote them. Default: they are Roost's own, or of the person's services. */
  descriptionLabels?: Labels;
  /** Its source, if not built in: a service or a tool server. Such tools come and go. */
  origin?: ToolOrigin | undefined;
  /** Words of its domain with what they mean: also by these it is found. */
  vocabulary?: Readonly<Record<string, string>>;
}

/** `isApproved`: a person has approved exactly this call; `isAllowed`: that, or had granted calls like it. */
export type ToolPermit =
  | { state: "granted"; isApproved?: boolean; isAllowed?: boolean }
  | { state: "refused"; reason: string };

/** Called inside the step of a valid call, before it is performed; a refusal is told to the model. */
export type PermitTool = (request: {
  tool: Pick<Tool, "name" | "effect">;
  input: JsonValue;
  call: ToolCall;
}) => Promise<ToolPermit>;
