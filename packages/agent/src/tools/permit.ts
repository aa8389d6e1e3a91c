// Whether a tool call may be made: granted, refused, or subject to a person's approval. The caller decides and stores approvals; the loop waits at
// a step of its own, and makes the call as approved or not at all.

import type { JsonValue } from "@roost/base";
import type { StepCall, StepResult } from "../steps/step-runner.ts";
import type { Tool } from "./tool.ts";

export type Permit =
  | { state: "granted" }
  | { state: "refused"; reason: string }
  /** A person decides first. `policy` names the rule, with its version. */
  | { state: "ask"; reason: string; policy: string };

/** Facts beside the call itself, all from recorded steps. */
export interface CallFacts {
  /** Untrusted content was in the model's context when it made the call. */
  isUntrusted: boolean;
  /** By whose rules the journal is written. */
  loopVersion: number;
}

/** Pure: the same call and facts always give the same decision, or a replay diverges. A rule that asks for more needs a new loop version. */
export type PermitCall = (call: { tool: Pick<Tool, "name" | "effect">; input: JsonValue }, facts: CallFacts) => Permit;

/** What a person is asked to approve: this call with exactly these arguments. */
export interface ApprovalRequest {
  tool: string;
  input: JsonValue;
  reason: string;
  policy: string;
}

export type ApprovalAnswer = { state: "granted"; questionId: string } | { state: "refused"; reason: string };

export interface Approvals {
  /** The work of the approval's step: waits for the person. */
  ask: (request: ApprovalRequest, call: StepCall) => Promise<StepResult<never>>;
  /** The decision in that step's recorded answer. Pure. */
  read: (answer: JsonValue) => ApprovalAnswer;
  /** Uses the approval for the call with this key, once: repeated for the same call it is granted again, for another it is refused. */
  redeem: (
    approval: ApprovalRequest & { questionId: string },
    call: { idempotencyKey: string },
  ) => Promise<Exclude<Permit, { state: "ask" }>>;
}
