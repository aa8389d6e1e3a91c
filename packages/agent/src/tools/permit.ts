// Whether a tool call may be made: granted, refused, or asked of a person first. Who decides, and where approvals are kept, is the
// caller's; the loop asks, waits at a step of its own, and makes the call with what was approved or not at all.

import type { JsonValue } from "@roost/base";
import type { StepCall, StepResult } from "../steps/step-runner.ts";
import type { Tool } from "./tool.ts";

export type Permit =
  | { state: "granted" }
  | { state: "refused"; reason: string }
  /** A person decides first. `policy` names the rule that asks, with its version. */
  | { state: "ask"; reason: string; policy: string };

/** What is known of a call besides itself; all of it follows from recorded steps. */
export interface CallFacts {
  /** Content that nobody vouches for stood in what the model was shown when it asked for the call. */
  isUntrusted: boolean;
  /** By whose rules the journal is written. */
  loopVersion: number;
}

/**
 * Pure: the same call with the same facts is always decided alike, since a replay that decides otherwise diverges. A rule that comes to ask
 * for more needs a new loop version.
 */
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
  /** The work of the approval's step: it waits for the person. */
  ask: (request: ApprovalRequest, call: StepCall) => Promise<StepResult<never>>;
  /** What the recorded answer of that step says. Pure. */
  read: (answer: JsonValue) => ApprovalAnswer;
  /** Uses the approval for the call with this key, once: asked by the same call again it is granted again, by another it is refused. */
  redeem: (
    approval: ApprovalRequest & { questionId: string },
    call: { idempotencyKey: string },
  ) => Promise<Exclude<Permit, { state: "ask" }>>;
}
