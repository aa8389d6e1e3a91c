/** Keeps a fact, and closes those that it replaces, in one transaction with their events. What was made with a closed fact is stale from then on. */
import { RoostError } from "@roost/base";
import { formatLabels, isUntrusted, mainLabels, type Labels } from "@roost/contract/labels";
import type { KernelTransaction } from "@roost/kernel";
import { markStale } from "./mark-stale.ts";
import { authorFields, uuidOf } from "../records/file-records.ts";
import type { Author } from "../visibility/viewer.ts";
import {
  checkParts,
  checkStatement,
  factColumns,
  foldPart,
  inForceSql,
  noSuchFact,
  openSql,
  type FactExtractor,
  type FactParts,
  type FactRow,
} from "./fact.ts";

export interface NewFact extends Author {
  /** In words. Default, with parts: made of them. */
  statement?: string | undefined;
  parts?: FactParts | undefined;
  /** The attribute has several values at a time. Default false. */
  isMany?: boolean | undefined;
  /** Since when it holds. Default: now. */
  since?: Date | undefined;
  /** The fact that it corrects. */
  corrects?: string | undefined;
  reason?: string | undefined;
  confidence?: number | undefined;
  extractor: FactExtractor;
  /** The file in which it was noted. */
  path?: string | undefined;
}

export interface KeptFact {
  id: string;
  statement: string;
  /** It was known already. */
  isKnown: boolean;
  isClaim: boolean;
  /** What it closed. */
  closed: FactRow[];
}

/** The person's own sessions: what they say holds at once. */
const trustedKinds = new Set(["main", "heartbeat"]);

/** @throws RoostError `invalid_input`, `not_found` when there is no fact to correct, `forbidden` when it may not be */
export async function keepFact(tx: KernelTransaction, given: NewFact): Promise<KeptFact> {
  const parts = given.parts === undefined ? undefined : checkParts(given.parts);
  const statement = checkStatement(given.statement ?? sentenceOf(parts));
  const labels = given.labels ?? mainLabels;
  const isFromOthers = isUntrusted(labels) || (given.sessionKind !== undefined && !trustedKinds.has(given.sessionKind));
  const subjectKey = parts === undefined ? null : foldPart(parts.subject);
  const attributeKey = parts === undefined ? null : foldPart(parts.attribute);
  await lockFacts(tx);
  const nowAt = await now(tx);
  const since = given.since ?? nowAt;
  if (since > nowAt)
    throw new RoostError("invalid_input", "since is in the future: leave it out, or say when it began");
  const corrected = given.corrects === undefined ? [] : [await requireFact(tx, given.corrects)];
  if (isFromOthers && corrected.length > 0) throw notToCorrect(given);
  const same = await tx.query<FactRow>(
    `select ${factColumns} from memory.fact f where ${openSql}
       and ((f.subject_key = $1 and f.attribute_key = $2) or (f.subject_key is null and lower(f.statement) = lower($3))) for update`,
    [subjectKey, attributeKey, statement],
  );
  // One of several values stays one of several when it is corrected.
  const isMany = given.isMany ?? [...corrected, ...same].some((fact) => fact.subject !== null && !fact.isSingle);
  const isSingle = parts !== undefined && !isMany;
  const isNightly = given.extractor === "nightly";
  const sameValue = same.find(
    (fact) =>
      fact.id !== given.corrects &&
      foldPart(fact.value ?? "") === foldPart(parts?.value ?? "") &&
      (isNightly || (isFromOthers ? fact.isClaim || mayHearOf(fact, given) : !fact.isClaim)),
  );
  if (sameValue !== undefined && corrected.length === 0)
    return { id: sameValue.id, statement: sameValue.statement, isKnown: true, isClaim: sameValue.isClaim, closed: [] };
  const others = same.filter((fact) => isSingle && fact.isSingle && !fact.isClaim && fact.id !== given.corrects);
  // What is read between the lines closes nothing that was kept on purpose.
  const isClaim = isFromOthers || (isNightly && others.length > 0);
  const replaced = isClaim ? [] : others;
  const id = crypto.randomUUID();
  const { by } = given;
  const sourceEvent = emitRemembered(tx, given, { id, statement, parts, labels, isClaim });
  const endedAt = isSingle && !isClaim ? await lastEnd(tx, subjectKey, attributeKey) : undefined;
  const from = beginOf(given, { since, corrected: corrected[0], endedAt });
  const closed = [...corrected, ...replaced];
  await closeReplaced(tx, closed, { given, id, from, right: parts?.value });
  await tx.query(
    `insert into memory.fact (id, statement, subject, attribute, value, subject_key, attribute_key, is_single, valid, is_claim, confidence, extractor,
       by, source_event, run_id, labels)
     values ($1, $2, $3, $4, $5, $6, $7, $8, tstzrange($9, null), $10, $11, $12, $13, $14, $15, $16)`,
    [
      id,
      statement,
      parts?.subject ?? null,
      parts?.attribute ?? null,
      parts?.value ?? null,
      subjectKey,
      attributeKey,
      isSingle,
      from,
      isClaim,
      Math.min(1, Math.max(0.01, given.confidence ?? (given.extractor === "person" ? 1 : 0.8))),
      given.extractor,
      by.slice(0, 200),
      sourceEvent,
      uuidOf(given.runId),
      await tx.labelSet(labels),
    ],
  );
  return { id, statement, isKnown: false, isClaim, closed };
}

/** Who may learn that a fact holds: what was accepted is not claimed anew, and a job that guesses learns nothing. */
const mayHearOf = (fact: FactRow, { by, sessionKind }: NewFact) =>
  fact.by === by || sessionKind === undefined || trustedKinds.has(sessionKind);

/** What is corrected never held; what is only followed by another value held until then. */
async function closeReplaced(
  tx: KernelTransaction,
  closed: readonly FactRow[],
  { given, id, from, right }: { given: NewFact; id: string; from: Date; right: string | undefined },
): Promise<void> {
  const { by, reason, runId, corrects } = given;
  for (const fact of closed) {
    const until = corrects === fact.id || from <= fact.validFrom ? undefined : from;
    await closeFact(tx, fact, { by, reason, replacedBy: id, until, runId, right });
  }
}

/** Takes a fact out of force: it was wrong, or it ended. @throws RoostError `not_found`, `conflict` */
export async function removeFact(
  tx: KernelTransaction,
  { id, by, reason, until }: { id: string; by: string; reason?: string | undefined; until?: Date | undefined },
): Promise<FactRow> {
  await lockFacts(tx);
  const fact = await requireFact(tx, id);
  if (until !== undefined && (until <= fact.validFrom || until > (await now(tx))))
    throw new RoostError(
      "invalid_input",
      `the fact ${id} holds since ${fact.validFrom.toISOString()}: it can end after that and until now, or leave the end out when it was wrong`,
    );
  await closeFact(tx, fact, { by, reason, until });
  return fact;
}

/** A person accepts what others claim. @throws RoostError `not_found`, `conflict` when it is none, or another fact stands against it */
export async function acceptFact(tx: KernelTransaction, { id, by }: { id: string; by: string }): Promise<FactRow> {
  await lockFacts(tx);
  const fact = await requireFact(tx, id);
  if (!fact.isClaim) throw new RoostError("conflict", `the fact ${id} is accepted already`);
  const labels = await tx.readLabels(fact.labels);
  const acceptedAt = await now(tx);
  const vouched: Labels = { audiences: ["main"], trust: "owner", sources: [] };
  if (fact.isSingle) {
    const against = await tx.query<FactRow>(
      `select ${factColumns} from memory.fact f join memory.fact c on c.id = $1
       where ${inForceSql} and f.is_single and f.subject_key = c.subject_key and f.attribute_key = c.attribute_key`,
      [id],
    );
    for (const other of against) {
      const until = other.validFrom < acceptedAt ? acceptedAt : undefined;
      await closeFact(tx, other, { by, reason: "another value was accepted", replacedBy: id, until });
    }
  }
  await tx.query(
    `update memory.fact set is_claim = false, labels = $2, confidence = 1, valid = tstzrange($3, null) where id = $1`,
    [id, await tx.labelSet(vouched), acceptedAt],
  );
  tx.emit({
    type: "fact.accepted",
    subject: id,
    labels: formatLabels(mainLabels),
    data: { by, factId: id, sources: [...labels.sources] },
  });
  return fact;
}

function notToCorrect({ corrects, by }: NewFact): RoostError {
  return new RoostError(
    "forbidden",
    `the fact ${corrects} is not corrected by what rests on content from outside, nor by ${by}: say it in the answer`,
  );
}

/** What was wrong was wrong from its beginning; what ended before stays as it was. @throws RoostError `invalid_input` */
function beginOf(
  given: NewFact,
  { since, corrected, endedAt }: { since: Date; corrected: FactRow | undefined; endedAt: Date | undefined },
): Date {
  const wanted = corrected !== undefined && given.since === undefined ? corrected.validFrom : since;
  if (endedAt === undefined || endedAt <= wanted) return wanted;
  if (given.since === undefined) return endedAt;
  throw new RoostError(
    "invalid_input",
    `since is before an earlier value ended (${endedAt.toISOString()}): leave it out, or name a later day`,
  );
}

/** When the last value of a single-valued attribute ended. */
async function lastEnd(
  tx: KernelTransaction,
  subjectKey: string | null,
  attributeKey: string | null,
): Promise<Date | undefined> {
  const [ended] = await tx.query<{ at: Date | null }>(
    `select max(upper(f.valid)) as at from memory.fact f
     where f.subject_key = $1 and f.attribute_key = $2 and f.is_single and f.retracted_at is null and not f.is_claim and upper(f.valid) <= roost.now()`,
    [subjectKey, attributeKey],
  );
  return ended?.at ?? undefined;
}

interface CloseFact {
  by: string;
  reason?: string | undefined;
  replacedBy?: string | undefined;
  /** Default: it never held. */
  until?: Date | undefined;
  /** The run that says so, and what holds instead: what was said by it, or says that, does not rest on the fact. */
  runId?: string | undefined;
  right?: string | undefined;
}

async function closeFact(
  tx: KernelTransaction,
  fact: FactRow,
  { by, reason, replacedBy, until, runId, right }: CloseFact,
): Promise<void> {
  await tx.query(
    `update memory.fact set retracted_at = case when $2::timestamptz is null then roost.now() end,
       valid = case when $2::timestamptz is null then valid else tstzrange(lower(valid), $2) end, reason = $3, replaced_by = $4 where id = $1`,
    [fact.id, until ?? null, reason ?? null, replacedBy ?? null],
  );
  await markStale(tx, fact, { runId: uuidOf(runId), right });
  tx.emit({
    type: "fact.closed",
    subject: fact.id,
    labels: formatLabels(await tx.readLabels(fact.labels)),
    data: {
      by,
      factId: fact.id,
      replacedBy,
      until: until?.toISOString(),
      reason,
    },
  });
}

async function requireFact(tx: KernelTransaction, id: string): Promise<FactRow> {
  const [fact] = await tx.query<FactRow>(`select ${factColumns} from memory.fact f where f.id::text = $1 for update`, [
    id.toLowerCase(),
  ]);
  if (fact === undefined) throw noSuchFact(id);
  if (fact.retractedAt === null && fact.validTo === null) return fact;
  throw new RoostError("conflict", `the fact ${id} is closed already: correct the one that holds`);
}

/** Facts change one at a time: two that close the same one would lose each other. */
async function lockFacts(tx: KernelTransaction): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('memory.fact', 0))");
}

async function now(tx: KernelTransaction): Promise<Date> {
  const [row] = await tx.query<{ now: Date }>("select roost.now() as now");
  return row!.now;
}

function sentenceOf(parts: FactParts | undefined): string {
  return parts === undefined ? "" : `${parts.subject} ${parts.attribute} ${parts.value}`;
}

function emitRemembered(
  tx: KernelTransaction,
  given: NewFact,
  kept: { id: string; statement: string; parts: FactParts | undefined; labels: Labels; isClaim: boolean },
): string {
  const { path, by } = given;
  return tx.emit({
    type: "fact.remembered",
    subject: path ?? by,
    labels: formatLabels(kept.labels),
    data: {
      ...authorFields(given),
      text: kept.statement,
      factId: kept.id,
      extractor: given.extractor,
      ...kept.parts,
      path,
      isClaim: kept.isClaim || undefined,
      corrects: given.corrects,
    },
  });
}
