/** Approvals: types, limits, and the hash of arguments. */
import { createHash } from "node:crypto";
import { canonicalJson, type JsonObject, type JsonValue } from "@roost/base";
import { grantScopes, type GrantScope } from "@roost/contract/operations";

export const approvalLimits = {
  /** Long enough for a person's long weekend. */
  waitMs: 7 * 24 * 3_600_000,
  /** An approval unused for this long expires. */
  useMs: 24 * 3_600_000,
  diffCharsMax: 50_000,
} as const;

/** The answers to choose from. The later ones also allow the same tool the same target from then on: see grants.ts. */
export const approvalChoices = { approve: "approve", refuse: "refuse" } as const;
const grantPrefix = "approve-";

/** The answers for a call with these possible grants. */
export function choicesOf(scopes: readonly GrantScope[]): string[] {
  return [...Object.values(approvalChoices), ...scopes.map((scope) => `${grantPrefix}${scope}`)];
}

/** Whether the answer approves, and what it allows beyond the call. Undefined: it refuses. */
export function readChoice(answer: JsonValue): { scope: GrantScope | undefined } | undefined {
  if (answer === approvalChoices.approve) return { scope: undefined };
  const scope = grantScopes.find((each) => answer === `${grantPrefix}${each}`);
  return scope === undefined ? undefined : { scope };
}

/** What is to be approved: this call, with exactly these arguments. */
export interface ApprovalQuery {
  tool: string;
  input: JsonValue;
  reason: string;
  /** The rule that requires it, with its version. */
  policy: string;
  /** What later calls may be allowed for as well. Undefined: this call alone. */
  target?: string | undefined;
}

/** Of the arguments as canonical JSON. */
export function hashArguments(input: JsonValue): string {
  return createHash("sha256").update(canonicalJson(input)).digest("hex");
}

/** The details of the question, for the person who answers it. */
export interface ApprovalDetails extends JsonObject {
  approvalId: string;
  tool: string;
  input: JsonValue;
  inputHash: string;
  reason: string;
  policy: string;
  target: string | null;
  diff: string | null;
}

/** The details of a question for approval; undefined for any other. */
export function approvalShown(details: JsonObject | null): ApprovalDetails | undefined {
  return typeof details?.["approvalId"] === "string" && typeof details["inputHash"] === "string"
    ? (details as ApprovalDetails)
    : undefined;
}
