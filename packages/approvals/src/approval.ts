/** Approvals: types, limits, and the hash of arguments. */
import { createHash } from "node:crypto";
import { canonicalJson, type JsonObject, type JsonValue } from "@roost/base";

export const approvalLimits = {
  /** Long enough for a person's long weekend. */
  waitMs: 7 * 24 * 3_600_000,
  /** An approval unused for this long expires. */
  useMs: 24 * 3_600_000,
  diffCharsMax: 50_000,
} as const;

/** The answers to choose from. */
export const approvalChoices = { approve: "approve", refuse: "refuse" } as const;

/** What is to be approved: this call, with exactly these arguments. */
export interface ApprovalQuery {
  tool: string;
  input: JsonValue;
  reason: string;
  /** The rule that requires it, with its version. */
  policy: string;
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
  diff: string | null;
}

/** The details of a question for approval; undefined for any other. */
export function approvalShown(details: JsonObject | null): ApprovalDetails | undefined {
  return typeof details?.["approvalId"] === "string" && typeof details["inputHash"] === "string"
    ? (details as ApprovalDetails)
    : undefined;
}
