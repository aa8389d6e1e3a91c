// The approval of a tool call: a step of its own before the call's step, so that waiting for a person costs nothing and a replay finds the
// decision.

import type { JsonValue } from "@roost/base";
import { isUntrusted, parseLabels } from "@roost/contract/labels";
import type { ApprovalAnswer, ApprovalRequest, Permit } from "../tools/permit.ts";
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
export function decideCall(
  loop: Loop,
  tool: Tool,
  call: { shown: JsonValue; input: unknown; isUntrusted: boolean },
): Permit {
  const { permit, loopVersion = loopVersions.at(-1)! } = loop.options;
  if (permit === undefined) return { state: "granted" };
  const facts = { isUntrusted: call.isUntrusted, messages: loop.state.messages, loopVersion };
  return permit({ tool, input: call.shown, reach: tool.reach?.(call.input) }, facts);
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
  const { state: _asks, ...rule } = permit;
  if (approvals === undefined)
    return async () => ({ state: "refused", reason: `${rule.reason}, and this run cannot ask anyone` });
  const request: ApprovalRequest = { tool: call.tool, input: call.input, ...rule };
  const outcome = await steps.step<{ grantId: string }>(
    call.step.replace(/^tool:/, "approval:"),
    { kind: "approval", effect: "idempotent", input: toInput(request) },
    (stepCall) => approvals.ask(request, stepCall),
  );
  if (outcome.state !== "answered" && outcome.state !== "done") {
    const why = outcome.state === "failed" ? outcome.error.message : "the outcome of the question is not known";
    return async () => ({ state: "refused", reason: `it could not be approved: ${why}` });
  }
  const answer: ApprovalAnswer =
    outcome.state === "done" ? { state: "granted", by: outcome.output } : approvals.read(outcome.answer);
  if (answer.state === "refused") return async () => answer;
  return async ({ call: { idempotencyKey } }) => {
    const redeemed = await approvals.redeem({ ...request, by: answer.by }, { idempotencyKey });
    // A grant was given earlier, without sight of these arguments: they keep their labels.
    return redeemed.state === "refused"
      ? redeemed
      : { ...redeemed, isApproved: "questionId" in answer.by, isAllowed: true };
  };
}

/** As the step records it. */
function toInput({ target, ...request }: ApprovalRequest): JsonValue {
  return target === undefined ? { ...request } : { ...request, target };
}
