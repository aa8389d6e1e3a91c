/** Takes over what an export of a home holds beside its files and conversations: facts, states, histories, bases of imports. */
import { RoostError, type JsonObject, type JsonValue } from "@roost/base";
import { formatLabels, mainLabels, parseLabels } from "@roost/contract/labels";
import type { HomeRecordOf, ImportOutcome } from "@roost/contract/operations";
import type { KernelTransaction } from "@roost/kernel";
import { foldPart } from "../facts/fact.ts";
import type { Memory } from "../memory.ts";
import { setState } from "../state/set-state.ts";
import { saveImported, outcomeOf, type ImportTerms } from "./imported.ts";

/** @throws RoostError `forbidden` for what is no export of a home: others' claims are no facts */
export function refuseUnlessWhole(kind: string, { isWholeHome }: ImportTerms): void {
  if (isWholeHome !== true)
    throw new RoostError("forbidden", `a ${kind} comes with an export of a home alone: use roost remember`);
}

/** As it was recorded: a fact that is here already stays as it is. */
export async function importFact(tx: KernelTransaction, record: HomeRecordOf<"fact">): Promise<ImportOutcome> {
  const { subject, attribute } = record;
  const rows = await tx.query(
    `insert into memory.fact (id, statement, subject, attribute, value, subject_key, attribute_key, is_single, valid, recorded_at, retracted_at, reason,
       replaced_by, is_claim, confidence, extractor, by, source_event, run_id, labels)
     values ($1, $2, $3, $4, $5, $6, $7, $8, tstzrange($9, $10), $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
     on conflict (id) do nothing returning id`,
    [
      record.id,
      record.statement,
      subject,
      attribute,
      record.value,
      subject && foldPart(subject),
      attribute && foldPart(attribute),
      record.isSingle,
      record.validFrom,
      record.validTo,
      record.recordedAt,
      record.retractedAt,
      record.reason,
      record.replacedBy,
      record.isClaim,
      record.confidence,
      record.extractor,
      record.by,
      record.sourceEvent,
      record.runId,
      await tx.labelSet(parseLabels(record.labels)),
    ],
  );
  await tx.query(
    `with given as (
       insert into memory.run_source (run_id, kind, ref) select run_id, 'fact', $1 from unnest($3::uuid[]) as run_id on conflict do nothing)
     insert into memory.fact_dependent (fact_id, kind, ref) select $1, kind, ref from jsonb_to_recordset($2) as d(kind text, ref uuid) on conflict do nothing`,
    [record.id, JSON.stringify(record.dependents), record.givenTo],
  );
  return outcomeOf(record, rows.length > 0 ? "created" : "same");
}

/** The lines of facts that MEMORY.md had: without them each line would be taken for a new fact. */
export async function importView(tx: KernelTransaction, record: HomeRecordOf<"view">): Promise<ImportOutcome> {
  const rows = await tx.query(
    "insert into memory.fact_view (path, lines) values ($1, $2) on conflict (path) do nothing returning path",
    [record.ref, JSON.stringify(record.lines)],
  );
  return outcomeOf(record, rows.length > 0 ? "created" : "same");
}

export async function importState(
  memory: Memory,
  record: HomeRecordOf<"state">,
  { by, isDryRun }: ImportTerms,
): Promise<ImportOutcome> {
  if (isDryRun === true) return outcomeOf(record, "created");
  const { name, value } = record;
  const outcome = await setState(memory, {
    name,
    value: value as JsonValue,
    by,
    labels: parseLabels(record.labels),
    expectedVersion: 0,
  });
  if (outcome.state !== "conflict") return outcomeOf(record, "created");
  const isSame = JSON.stringify(outcome.value) === JSON.stringify(value);
  return isSame ? outcomeOf(record, "same") : outcomeOf(record, "kept", { reason: "there is another value here" });
}

/** What the person's own import has just handed over, and nothing names yet, gets the labels that it had. */
export async function importPart(tx: KernelTransaction, record: HomeRecordOf<"part">): Promise<ImportOutcome> {
  const { sha256, labels = formatLabels(mainLabels) } = record;
  const rows = await tx.query(
    "update memory.part set labels = $2 where sha256 = $1 and labels = $3 and labels <> $2 and not is_told returning sha256",
    [sha256, await tx.labelSet(parseLabels(labels)), await tx.labelSet(mainLabels)],
  );
  return outcomeOf(record, rows.length > 0 ? "created" : "same");
}

/** What this home did itself it knows already. */
export async function importHistory(
  tx: KernelTransaction,
  record: HomeRecordOf<"history">,
  homeId: string,
): Promise<ImportOutcome> {
  if (record.home === homeId) return outcomeOf(record, "same");
  const rows = await tx.query(
    "insert into memory.history (home, topic, ref, at, record) values ($1, $2, $3, $4, $5) on conflict do nothing returning ref",
    [record.home, record.topic, record.ref, record.at, JSON.stringify(record.record)],
  );
  return outcomeOf(record, rows.length > 0 ? "created" : "same");
}

export async function importBase(tx: KernelTransaction, record: HomeRecordOf<"base">): Promise<ImportOutcome> {
  const { ref, of, sha256, hereSha256, place, kept, source } = record;
  await saveImported(tx, source, [{ ref, kind: of, sha256, hereSha256, place, kept: kept as JsonObject | null }]);
  return outcomeOf(record, "same");
}
