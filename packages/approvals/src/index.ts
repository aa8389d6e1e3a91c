export { approvalShown, choicesOf, readChoice, type ApprovalDetails } from "./approval.ts";
export {
  findGrant,
  grantLimits,
  importGrant,
  listGrants,
  redeemGrant,
  revokeGrant,
  scopesOf,
  type Grant,
} from "./grants.ts";
export { answerQuestion } from "./answer-question.ts";
export { expireApprovals } from "./expire-approvals.ts";
export { recordApproval } from "./record-approval.ts";
export { redeemApproval } from "./redeem-approval.ts";
export { approvalsSchema } from "./approvals-schema.ts";
