export { approvalChoices, approvalShown, type ApprovalDetails } from "./approval.ts";
export { answerQuestion } from "./answer-question.ts";
export { expireApprovals } from "./expire-approvals.ts";
export { recordApproval } from "./record-approval.ts";
export { redeemApproval } from "./redeem-approval.ts";
