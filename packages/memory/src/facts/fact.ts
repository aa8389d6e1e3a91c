/** Table memory.fact: what the home holds for true. */
import { RoostError } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { Kernel } from "@roost/kernel";

export const factExtractors = ["person", "agent", "nightly"] as const;
export type FactExtractor = (typeof factExtractors)[number];

export const factLimits = {
  statementCharsMax: 4_000,
  /** Of a subject, an attribute, a value. */
  partCharsMax: 200,
  reasonCharsMax: 500,
} as const;

/** What a fact says of what: `Anna`, `lives in`, `Munich`. */
export interface FactParts {
  subject: string;
  attribute: string;
  value: string;
}

export interface Fact {
  id: string;
  statement: string;
  subject: string | null;
  attribute: string | null;
  value: string | null;
  isSingle: boolean;
  validFrom: Date;
  /** Null: it holds. */
  validTo: Date | null;
  recordedAt: Date;
  /** When it was found to be wrong. */
  retractedAt: Date | null;
  reason: string | null;
  replacedBy: string | null;
  /** It waits for a person: others say so, or it rests on content from outside. */
  isClaim: boolean;
  confidence: number;
  extractor: FactExtractor;
  by: string;
  sourceEvent: string;
  runId: string | null;
  labels: Labels;
}

export interface FactRow extends Omit<Fact, "labels"> {
  labels: number;
}

export const factColumns = `f.id, f.statement, f.subject, f.attribute, f.value, f.is_single as "isSingle", lower(f.valid) as "validFrom",
  upper(f.valid) as "validTo", f.recorded_at as "recordedAt", f.retracted_at as "retractedAt", f.reason, f.replaced_by as "replacedBy",
  f.is_claim as "isClaim", f.confidence, f.extractor, f.by, f.source_event as "sourceEvent", f.run_id as "runId", f.labels`;

/** It holds, or is claimed. */
export const openSql = "f.retracted_at is null and f.valid @> roost.now()";
export const inForceSql = `${openSql} and not f.is_claim`;

export async function toFact({ labelSets }: Pick<Kernel, "labelSets">, sql: Sql, row: FactRow): Promise<Fact> {
  return { ...row, labels: await labelSets.read(sql, row.labels) };
}

/** As subjects and attributes are compared: without case, width of characters, and spaces around. */
export function foldPart(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim().split(/\s+/).join(" ");
}

export function noSuchFact(id: string): RoostError {
  return new RoostError("not_found", `there is no fact ${id}: roost facts lists them`);
}

/** One line. @throws RoostError `invalid_input` */
export function checkStatement(text: string): string {
  const statement = text
    .trim()
    .split(/\s*\n\s*/)
    .join(" ")
    .toWellFormed()
    .replaceAll("\0", "\uFFFD");
  if (statement !== "" && statement.length <= factLimits.statementCharsMax) return statement;
  throw new RoostError(
    "invalid_input",
    `a fact has 1 to ${factLimits.statementCharsMax} characters, this one has ${statement.length}: write longer texts to a file`,
  );
}

/** @throws RoostError `invalid_input` */
export function checkParts(parts: FactParts): FactParts {
  const checked = (name: keyof FactParts) => {
    const text = parts[name].trim().split(/\s+/).join(" ").toWellFormed().replaceAll("\0", "\uFFFD");
    if (text !== "" && text.length <= factLimits.partCharsMax) return text;
    throw new RoostError(
      "invalid_input",
      `the ${name} of a fact has 1 to ${factLimits.partCharsMax} characters, this one has ${text.length}: say it in the sentence instead`,
    );
  };
  return { subject: checked("subject"), attribute: checked("attribute"), value: checked("value") };
}
