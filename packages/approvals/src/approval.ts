/** What an approval is: types, limits, and how its arguments are hashed. */
import { createHash } from "node:crypto";
import { canonicalJson, type JsonObject, type JsonValue } from "@roost/base";

export const approvalLimits = {
  /** Nobody who was away for a long weekend comes back to a run that gave up. */
  waitMs: 7 * 24 * 3_600_000,
  /** An approval that was not used for so long is none any more. */
  useMs: 24 * 3_600_000,
  diffCharsMax: 50_000,
} as const;

/** The answers to choose from. */
export const approvalChoices = { approve: "approve", refuse: "refuse" } as const;

/** What is to be approved: this call, with these arguments and no others. */
export interface ApprovalRequest {
  tool: string;
  input: JsonValue;
  reason: string;
  /** The rule that asks, with its version. */
  policy: string;
}

/** Of the arguments as canonical JSON. */
export function hashArguments(input: JsonValue): string {
  return createHash("sha256").update(canonicalJson(input)).digest("hex");
}

/** What stands in the details of the question, for the person who answers it. */
export interface ApprovalDetails extends JsonObject {
  approvalId: string;
  tool: string;
  input: JsonValue;
  inputHash: string;
  reason: string;
  policy: string;
  diff: string | null;
}

/** The details of a question that asks for an approval; undefined for any other. */
export function approvalShown(details: JsonObject | null): ApprovalDetails | undefined {
  return typeof details?.["approvalId"] === "string" && typeof details["inputHash"] === "string"
    ? (details as ApprovalDetails)
    : undefined;
}
