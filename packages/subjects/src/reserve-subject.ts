/**
 * Reserves a subject unless it is reserved, in these or other words.
 * Decisions of one scope are made one after the other, so two that want the
 * same subject at the same moment cannot both get it.
 */
import { createId, RoostError, type JsonFields } from "@roost/base";
import {
  covers,
  formatLabels,
  joinLabels,
  openLabels,
  placedFor,
  type Clearance,
  type Labels,
} from "@roost/contract/labels";
import { checkMs, checkName, type Kernel, type KernelTransaction } from "@roost/kernel";
import { subjectLimits } from "./subject-limits.ts";
import { readSubject, type SubjectWords } from "./read-subject.ts";
import { nearSubjectScore, sameSubjectScore, scoreSubjects } from "./score-subjects.ts";

export interface SubjectRequest {
  /** Where it must be new: a blog, a feed. */
  scope: string;
  text: string;
  by: string;
  runId?: string | undefined;
  /** Default: 30 days. */
  ttlMs?: number | undefined;
  /** Similarity that counts as the same subject; default `sameSubjectScore`. */
  threshold?: number | undefined;
  /** Of the holder: the text is trusted no further. Every session reads it. Default: the person's. */
  labels?: Labels | undefined;
  /** What the holder may be told of others' subjects. Default: everything. A refusal goes by all of them. */
  clearance?: Clearance | undefined;
  causation?: string | undefined;
  correlation?: string | undefined;
}

export interface SimilarSubject {
  subjectId: string;
  text: string;
  by: string;
  at: Date;
  /** From 0 to 1. */
  similarity: number;
}

export interface SubjectAnswer {
  granted: boolean;
  subjectId: string | null;
  expiresAt: Date | null;
  /** When refused, the same subject as others reserved it. When granted, subjects near it, for a reader who understands them. Most similar first. */
  similar: SimilarSubject[];
  /** Of the texts of the similar ones. */
  labels: Labels;
}

/** The same text by the same holder is granted again, under the same id. */
export async function reserveSubject(kernel: Kernel, request: SubjectRequest): Promise<SubjectAnswer> {
  const { scope, text, by, ttlMs = subjectLimits.ttlMsDefault, threshold = sameSubjectScore } = request;
  checkName("scope", scope);
  checkName("holder", by);
  checkMs("time to live", ttlMs, { min: subjectLimits.ttlMsMin, max: subjectLimits.ttlMsMax });
  if (text.trim().length === 0 || text.length > subjectLimits.textCharsMax) {
    throw new RoostError(
      "invalid_input",
      `a subject of ${text.length} characters is not possible: use 1 to ${subjectLimits.textCharsMax}`,
    );
  }
  if (!(threshold >= 0 && threshold <= 1))
    throw new RoostError("invalid_input", `The threshold ${threshold} is out of bounds: use a number from 0 to 1`);
  const subject = readSubject(text);
  return kernel.transact(async (tx) => {
    // One decision at a time in a scope: what this one compares with cannot grow until it has committed.
    await tx.query("select pg_advisory_xact_lock(hashtextextended('roost subject ' || $1, 0))", [scope]);
    const live = await readSubjects(tx, scope);
    const own = live.find((subject) => subject.by === by && subject.text === text);
    if (own !== undefined)
      return { granted: true, subjectId: own.subjectId, expiresAt: own.expiresAt, similar: [], labels: openLabels };
    const similar = rank(subject, text, live);
    const same = similar.filter((subject) => subject.similarity >= threshold);
    const told = await tellable(tx, request, { live, similar: same.length > 0 ? same : similar });
    if (same.length > 0) {
      const quoted = joinLabels(...(await labelsOf(tx, live, same)).values());
      emitSubject(tx, "subject.refused", request, { similar: same.map(eventSubject) }, { quoted });
      return { granted: false, subjectId: null, expiresAt: null, ...told };
    }
    return { ...(await grant(tx, request, { ttlMs, liveCount: live.length })), ...told };
  });
}

async function grant(
  tx: KernelTransaction,
  request: SubjectRequest,
  { ttlMs, liveCount }: { ttlMs: number; liveCount: number },
): Promise<Omit<SubjectAnswer, "similar" | "labels">> {
  const { scope, text, by, runId } = request;
  if (liveCount >= subjectLimits.perScopeMax) {
    throw new RoostError(
      "limit_exceeded",
      `The scope "${scope}" has ${liveCount} live subjects, ${subjectLimits.perScopeMax} is the most: release some, reserve for a shorter time, or use more scopes`,
    );
  }
  const subjectId = createId();
  const eventId = createId();
  const [row] = await tx.query<{ expiresAt: Date }>(
    `insert into roost.subject (id, scope, text, reserved_by, run_id, reserved_at, expires_at, event_id, labels)
     values ($1, $2, $3, $4, $5, roost.now(), roost.now() + $6 * interval '1 ms', $7, $8) returning expires_at as "expiresAt"`,
    [
      subjectId,
      scope,
      text,
      by,
      runId ?? null,
      ttlMs,
      eventId,
      await tx.labelSet(placedFor(request.labels ?? openLabels, [])),
    ],
  );
  await sweepSubjects(tx);
  const expiresAt = row?.expiresAt ?? new Date(0);
  emitSubject(tx, "subject.reserved", request, { subjectId, expiresAt: expiresAt.toISOString() }, { id: eventId });
  return { granted: true, subjectId, expiresAt };
}

/** A reservation clears away what expired long ago, so that the table grows with live subjects only and no loop looks after it. */
async function sweepSubjects(tx: KernelTransaction): Promise<void> {
  await tx.query(
    `delete from roost.subject where id in (
       select id from roost.subject where expires_at < roost.now() - $1 * interval '1 ms' order by id limit $2 for update skip locked)`,
    [subjectLimits.keepExpiredMs, subjectLimits.sweepMax],
  );
}

export interface ReservedSubject {
  subjectId: string;
  scope: string;
  text: string;
  by: string;
  at: Date;
  expiresAt: Date;
  runId: string | null;
  /** The set of labels of the text. */
  labels: number;
}

const subjectColumns = `id as "subjectId", scope, text, reserved_by as by, reserved_at as at, expires_at as "expiresAt", run_id as "runId", labels`;

/** Those of the similar ones that the holder may be told, with the labels of their texts. */
async function tellable(
  tx: KernelTransaction,
  { clearance = "all" }: SubjectRequest,
  { live, similar }: { live: ReservedSubject[]; similar: SimilarSubject[] },
): Promise<Pick<SubjectAnswer, "similar" | "labels">> {
  const labels = await labelsOf(tx, live, similar);
  const told = similar.filter(({ subjectId }) => covers(clearance, labels.get(subjectId)!));
  return { similar: told, labels: joinLabels(...told.map(({ subjectId }) => labels.get(subjectId)!)) };
}

async function labelsOf(
  tx: KernelTransaction,
  live: ReservedSubject[],
  similar: SimilarSubject[],
): Promise<Map<string, Labels>> {
  const numbers = new Map(live.map(({ subjectId, labels }) => [subjectId, labels]));
  const labelled = similar.map(
    async ({ subjectId }) => [subjectId, await tx.readLabels(numbers.get(subjectId)!)] as const,
  );
  return new Map(await Promise.all(labelled));
}

async function readSubjects(tx: KernelTransaction, scope: string): Promise<ReservedSubject[]> {
  return tx.query<ReservedSubject>(
    `select ${subjectColumns} from roost.subject
     where scope = $1 and released_at is null and expires_at > roost.now() order by reserved_at desc, id limit $2`,
    [scope, subjectLimits.perScopeMax],
  );
}

/** The reserved subjects that are near the one asked for, most similar first. A word that most subjects of the scope have says little. */
function rank(asked: SubjectWords, text: string, subjects: ReservedSubject[]): SimilarSubject[] {
  const words = subjects.map((subject) => readSubject(subject.text));
  const rarity = rarityAmong(words);
  const plain = plainText(text);
  return subjects
    .map((subject, index) => {
      const score = plainText(subject.text) === plain ? 1 : scoreSubjects(asked, words[index] ?? [], { rarity });
      return {
        subjectId: subject.subjectId,
        text: subject.text,
        by: subject.by,
        at: subject.at,
        similarity: Math.round(score * 1_000) / 1_000,
      };
    })
    .filter((subject) => subject.similarity >= nearSubjectScore)
    .toSorted((a, b) => b.similarity - a.similarity || b.at.getTime() - a.at.getTime())
    .slice(0, subjectLimits.similarMax);
}

/** Below this many subjects a count says nothing about a word. */
const rarityCountMin = 10;
const rarityMin = 0.3;

function rarityAmong(subjects: SubjectWords[]): (word: string) => number {
  if (subjects.length < rarityCountMin) return () => 1;
  const counts = new Map<string, number>();
  for (const subject of subjects) for (const { word } of subject) counts.set(word, (counts.get(word) ?? 0) + 1);
  return (word) => {
    const share = (counts.get(word) ?? 0) / subjects.length;
    // A word in up to a fifth of the subjects is a subject's own; one in all of them is the scope's.
    return Math.max(rarityMin, Math.min(1, 1.2 - share));
  };
}

function plainText(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

const eventTextCharsMax = 1_000;

function eventSubject(subject: SimilarSubject): JsonFields {
  return { ...subject, text: subject.text.slice(0, eventTextCharsMax).toWellFormed(), at: subject.at.toISOString() };
}

function emitSubject(
  tx: KernelTransaction,
  type: "subject.reserved" | "subject.refused",
  request: SubjectRequest,
  data: JsonFields,
  { id, quoted = openLabels }: { id?: string; quoted?: Labels } = {},
): void {
  const { scope, text, by, runId, causation, correlation } = request;
  tx.emit({
    type,
    subject: scope,
    labels: formatLabels(joinLabels(quoted, placedFor(request.labels ?? openLabels, []))),
    data: { scope, text, by, runId, ...data },
    id,
    causation,
    correlation,
  });
}

/**
 * Gives a subject up: anyone's, or `by` a holder only its own. Its row stays for a while; there is no event, the subject is merely free again.
 */
export async function releaseSubject(
  kernel: Kernel,
  { subjectId, by }: { subjectId: string; by?: string | undefined },
): Promise<{ released: boolean }> {
  const rows = await kernel.database.query(
    `update roost.subject set released_at = roost.now()
     where id = $1 and ($2::text is null or reserved_by = $2) and released_at is null and expires_at > roost.now() returning id`,
    [subjectId, by ?? null],
  );
  return { released: rows.length > 0 };
}

export interface ListClaimsOptions {
  scope?: string | undefined;
  limit: number;
  /** `next` of the page before. */
  after?: string | undefined;
}

/** Live subjects, newest first. */
export async function listSubjects(
  kernel: Kernel,
  options: ListClaimsOptions,
): Promise<{ subjects: ReservedSubject[]; next: string | null }> {
  const limit = Math.min(options.limit, subjectLimits.listMax);
  const subjects = await kernel.database.query<ReservedSubject>(
    `select ${subjectColumns} from roost.subject
     where released_at is null and expires_at > roost.now() and ($1::text is null or scope = $1) and ($2::uuid is null or id < $2)
     order by id desc limit $3`,
    [options.scope ?? null, options.after ?? null, limit + 1],
  );
  const page = subjects.slice(0, limit);
  return { subjects: page, next: subjects.length > limit ? (page.at(-1)?.subjectId ?? null) : null };
}
