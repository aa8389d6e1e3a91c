/** Connects the loop's approvals to the kernel's questions and to the approval records. */
import type { ApprovalAnswer, Approvals } from "@roost/agent";
import {
  choicesOf,
  findGrant,
  readChoice,
  recordApproval,
  redeemApproval,
  redeemGrant,
  scopesOf,
} from "@roost/approvals";
import type { JsonValue } from "@roost/base";
import type { AgentDefinition } from "@roost/contract/operations";
import { doesAsBefore } from "@roost/jobs";
import type { ClaimedRun, Kernel, WaitRequest, WaitResult } from "@roost/kernel";
import type { Memory } from "@roost/memory";
import { seqOfKey } from "../steps/step-key.ts";
import { toJson } from "../tools/tool-context.ts";
import { diffOfCall } from "./diff-of-call.ts";

export interface CreateApprovalsOptions {
  kernel: Kernel;
  memory: Memory;
  run: ClaimedRun;
  /** The definition of the run's agent. */
  agent: AgentDefinition;
}

export function createApprovals({ kernel, memory, run, agent }: CreateApprovalsOptions): Approvals {
  const { jobId, jobVersion } = run;
  const isAsGranted = async (at: Date) =>
    jobId !== null && jobVersion !== null && doesAsBefore(kernel, { jobId, version: jobVersion, at });
  return {
    ask: async (request, { idempotencyKey: key }) => {
      const { tool, target } = request;
      const grantId = target === undefined ? undefined : await findGrant(kernel, run, { tool, target, isAsGranted });
      if (grantId !== undefined) return { state: "done", output: { grantId } };
      const { diff, refusal } = await diffOfCall({ kernel, memory, run, agent }, request);
      if (refusal !== undefined)
        return { state: "failed", error: { code: "invalid_input", message: refusal, isRetryable: false } };
      const seq = seqOfKey(key);
      const { details, expiresAt } = await recordApproval(kernel, { run, seq, key }, { ...request, diff });
      const wait: WaitRequest = {
        kind: "person",
        question: {
          kind: "approval",
          prompt: `Approve the call of ${request.tool}? Approval is needed because ${request.reason}`,
          choices: choicesOf(target === undefined ? [] : scopesOf(run)),
          details,
        },
        until: expiresAt,
      };
      return { state: "waiting", wait: toJson(wait) };
    },
    read: readApproval,
    redeem: ({ by, tool, input, target = "" }, { idempotencyKey: usedBy }) =>
      "grantId" in by
        ? redeemGrant(kernel, { ...by, tool, target, runId: run.id, usedBy })
        : redeemApproval(kernel, { ...by, tool, input, usedBy }),
  };
}

/** Reads the answer that an approval step waited for. */
export function readApproval(answer: JsonValue): ApprovalAnswer {
  const result = answer as unknown as WaitResult;
  if (result.kind !== "person")
    return {
      state: "refused",
      reason: "it was not approved in time. Tell the person, and do not look for another way",
    };
  return readChoice(result.answer) !== undefined
    ? { state: "granted", by: { questionId: result.questionId } }
    : { state: "refused", reason: `${result.by} did not approve it. Do not look for another way` };
}
