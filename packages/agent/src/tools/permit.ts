// Whether a tool call may be made: granted, refused, or subject to a person's approval. The caller decides and stores approvals; the loop waits at
// a step of its own, and makes the call as approved or not at all.

import type { JsonValue } from "@roost/base";
import type { Message } from "../messages/message.ts";
import type { StepCall, StepResult } from "../steps/step-runner.ts";
import type { Reach, Tool } from "./tool.ts";

export type Permit =
  | { state: "granted" }
  | { state: "refused"; reason: string }
  /** A person decides first. `policy` names the rule, with its version. */
  | ({ state: "ask" } & ApprovalRule);

export interface ApprovalRule {
  reason: string;
  policy: string;
  /** What the person may allow beyond this call: the tool for this target. Left out: this call alone. */
  target?: string | undefined;
}

/** Facts beside the call itself, all from recorded steps. */
export interface CallFacts {
  /** Untrusted content was in the model's context when it made the call. */
  isUntrusted: boolean;
  /** What the model was shown before it made the call, its own messages among them. */
  messages: readonly Message[];
  /** By whose rules the journal is written. */
  loopVersion: number;
}

/** A valid call, before it is made. */
export interface PlannedCall {
  tool: Pick<Tool, "name" | "effect">;
  /** The arguments as the model wrote them. */
  input: JsonValue;
  reach?: Reach | undefined;
}

/** Pure: the same call and facts always give the same decision, or a replay diverges. A rule that asks for more needs a new loop version. */
export type PermitCall = (call: PlannedCall, facts: CallFacts) => Permit;

/** What a person is asked to approve: this call with exactly these arguments. */
export interface ApprovalRequest extends ApprovalRule {
  tool: string;
  input: JsonValue;
}

/** What allows a call: the answer to a question, or what a person allowed before. */
export type Allowance = { questionId: string } | { grantId: string };

export type ApprovalAnswer = { state: "granted"; by: Allowance } | { state: "refused"; reason: string };

export interface Approvals {
  /** The work of the approval's step: finds that the person has allowed such calls, or waits for the answer. */
  ask: (request: ApprovalRequest, call: StepCall) => Promise<StepResult<{ grantId: string }>>;
  /** The decision in that step's recorded answer. Pure. */
  read: (answer: JsonValue) => ApprovalAnswer;
  /** Uses it for the call with this key. An approval counts once: repeated for the same call it is granted again, for another it is refused. */
  redeem: (
    approval: ApprovalRequest & { by: Allowance },
    call: { idempotencyKey: string },
  ) => Promise<Exclude<Permit, { state: "ask" }>>;
}
