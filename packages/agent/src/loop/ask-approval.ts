// The approval of a tool call: a step of its own before the call's step, so that waiting for a person costs nothing and a replay finds the
// decision.

import type { JsonValue } from "@roost/base";
import { isUntrusted, parseLabels } from "@roost/contract/labels";
import type { ApprovalRequest, Permit } from "../tools/permit.ts";
import type { PermitTool, Tool } from "../tools/tool.ts";
import type { Loop } from "./loop.ts";
import type { LoopState } from "./loop-state.ts";
import { loopVersions } from "./loop-versions.ts";

/** Whether untrusted content is or was in the model's context. Follows from recorded steps alone. */
export function hasReadUntrusted({ contextLabels, sections, messages, added }: LoopState): boolean {
  return (
    (contextLabels !== undefined && isUntrusted(parseLabels(contextLabels))) ||
    sections.some((section) => section.isUntrusted === true) ||
    [...messages, ...added].some((message) => message.role !== "assistant" && message.isUntrusted === true)
  );
}

/** Before a call is made. Pure, as `permit` is. */
export function decideCall(loop: Loop, tool: Tool, call: { input: JsonValue; isUntrusted: boolean }): Permit {
  const { permit, loopVersion = loopVersions.at(-1)! } = loop.options;
  return permit?.({ tool, input: call.input }, { isUntrusted: call.isUntrusted, loopVersion }) ?? { state: "granted" };
}

/**
 * Asks the person. Returns the check that the call's step must make before it performs anything.
 * @throws what `steps.step` throws
 */
export async function askApproval(
  loop: Loop,
  permit: Extract<Permit, { state: "ask" }>,
  call: { step: string; tool: string; input: JsonValue },
): Promise<PermitTool> {
  const { approvals, steps } = loop.options;
  const { reason, policy } = permit;
  if (approvals === undefined)
    return async () => ({ state: "refused", reason: `${reason}, and this run cannot ask anyone` });
  const request: ApprovalRequest = { tool: call.tool, input: call.input, reason, policy };
  const outcome = await steps.step<never>(
    call.step.replace(/^tool:/, "approval:"),
    { kind: "approval", effect: "idempotent", input: { ...request } },
    (stepCall) => approvals.ask(request, stepCall),
  );
  if (outcome.state !== "answered") {
    const why = outcome.state === "failed" ? outcome.error.message : "the outcome of the question is not known";
    return async () => ({ state: "refused", reason: `it could not be approved: ${why}` });
  }
  const answer = approvals.read(outcome.answer);
  if (answer.state === "refused") return async () => answer;
  return async ({ call: { idempotencyKey } }) => {
    const redeemed = await approvals.redeem({ ...request, questionId: answer.questionId }, { idempotencyKey });
    return redeemed.state === "granted" ? { ...redeemed, isApproved: true } : redeemed;
  };
}
