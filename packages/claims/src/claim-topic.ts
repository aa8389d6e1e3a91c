/**
 * Claims a topic unless somebody has claimed it, in these or other words.
 * Decisions of one scope are made one after the other, so two that want the
 * same topic at the same moment cannot both get it.
 */
import { createId, RoostError, type JsonObject } from "@roost/base";
import { formatLabels, joinLabels, openLabels, placedFor, type Labels } from "@roost/contract/labels";
import { checkMs, checkName, type Kernel, type KernelTransaction } from "@roost/kernel";
import { claimLimits } from "./claim-limits.ts";
import { readTopic, type Topic } from "./read-topic.ts";
import { nearTopicScore, sameTopicScore, scoreTopics } from "./score-topics.ts";

export interface ClaimRequest {
  /** Where it must be new: a blog, a feed. */
  scope: string;
  text: string;
  by: string;
  runId?: string | undefined;
  /** Default: 30 days. */
  ttlMs?: number | undefined;
  /** Similarity that counts as the same topic; default `sameTopicScore`. */
  threshold?: number | undefined;
  /** Of who claims: its text can be trusted as far. Everybody reads it. Default: the person's. */
  labels?: Labels | undefined;
  causation?: string | undefined;
  correlation?: string | undefined;
}

export interface SimilarClaim {
  claimId: string;
  text: string;
  by: string;
  at: Date;
  /** From 0 to 1. */
  similarity: number;
}

export interface ClaimAnswer {
  granted: boolean;
  claimId: string | null;
  expiresAt: Date | null;
  /** Claims on the same topic when refused. When granted, claims near it: whoever understands them should look. Most similar first. */
  similar: SimilarClaim[];
  /** Of the texts of the similar ones. */
  labels: Labels;
}

/** The same claim by the same claimant again is granted again, as the same claim. */
export async function claimTopic(kernel: Kernel, request: ClaimRequest): Promise<ClaimAnswer> {
  const { scope, text, by, ttlMs = claimLimits.ttlMsDefault, threshold = sameTopicScore } = request;
  checkName("scope", scope);
  checkName("claimant", by);
  checkMs("time to live", ttlMs, { min: claimLimits.ttlMsMin, max: claimLimits.ttlMsMax });
  if (text.trim().length === 0 || text.length > claimLimits.textCharsMax) {
    throw new RoostError(
      "invalid_input",
      `A claim of ${text.length} characters is not possible: use 1 to ${claimLimits.textCharsMax}`,
    );
  }
  if (!(threshold >= 0 && threshold <= 1))
    throw new RoostError("invalid_input", `The threshold ${threshold} is out of bounds: use a number from 0 to 1`);
  const topic = readTopic(text);
  return kernel.transact(async (tx) => {
    // One decision at a time in a scope: what this one compares with cannot grow until it has committed.
    await tx.query("select pg_advisory_xact_lock(hashtextextended('roost claim ' || $1, 0))", [scope]);
    const live = await readClaims(tx, scope);
    const own = live.find((claim) => claim.by === by && claim.text === text);
    if (own !== undefined)
      return { granted: true, claimId: own.claimId, expiresAt: own.expiresAt, similar: [], labels: openLabels };
    const similar = rank(topic, text, live);
    const quoted = await labelsOf(tx, live, similar);
    const same = similar.filter((claim) => claim.similarity >= threshold);
    if (same.length > 0) {
      emitClaim(tx, "topic.refused", request, { similar: same.map(eventClaim) }, { quoted });
      return { granted: false, claimId: null, expiresAt: null, similar: same, labels: quoted };
    }
    return { ...(await grant(tx, request, { ttlMs, similar, liveCount: live.length })), labels: quoted };
  });
}

async function grant(
  tx: KernelTransaction,
  request: ClaimRequest,
  { ttlMs, similar, liveCount }: { ttlMs: number; similar: SimilarClaim[]; liveCount: number },
): Promise<Omit<ClaimAnswer, "labels">> {
  const { scope, text, by, runId } = request;
  if (liveCount >= claimLimits.perScopeMax) {
    throw new RoostError(
      "limit_exceeded",
      `The scope "${scope}" has ${liveCount} live claims, ${claimLimits.perScopeMax} is the most: release some, claim for a shorter time, or use more scopes`,
    );
  }
  const claimId = createId();
  const eventId = createId();
  const [row] = await tx.query<{ expiresAt: Date }>(
    `insert into roost.claim (id, scope, text, claimed_by, run_id, claimed_at, expires_at, event_id, labels)
     values ($1, $2, $3, $4, $5, roost.now(), roost.now() + $6 * interval '1 ms', $7, $8) returning expires_at as "expiresAt"`,
    [
      claimId,
      scope,
      text,
      by,
      runId ?? null,
      ttlMs,
      eventId,
      await tx.labelSet(placedFor(request.labels ?? openLabels, [])),
    ],
  );
  await sweepClaims(tx);
  const expiresAt = row?.expiresAt ?? new Date(0);
  emitClaim(tx, "topic.claimed", request, { claimId, expiresAt: expiresAt.toISOString() }, { id: eventId });
  return { granted: true, claimId, expiresAt, similar };
}

/** A claim clears away what expired long ago, so that the table grows with live claims only and no loop looks after it. */
async function sweepClaims(tx: KernelTransaction): Promise<void> {
  await tx.query(
    `delete from roost.claim where id in (
       select id from roost.claim where expires_at < roost.now() - $1 * interval '1 ms' order by id limit $2 for update skip locked)`,
    [claimLimits.keepExpiredMs, claimLimits.sweepMax],
  );
}

export interface TopicClaim {
  claimId: string;
  scope: string;
  text: string;
  by: string;
  at: Date;
  expiresAt: Date;
  runId: string | null;
}

const claimColumns = `id as "claimId", scope, text, claimed_by as by, claimed_at as at, expires_at as "expiresAt", run_id as "runId"`;

interface LabelledClaim extends TopicClaim {
  labels: number;
}

async function labelsOf(tx: KernelTransaction, claims: LabelledClaim[], similar: SimilarClaim[]): Promise<Labels> {
  const shown = new Set(similar.map((claim) => claim.claimId));
  const numbers = new Set(claims.filter((claim) => shown.has(claim.claimId)).map((claim) => claim.labels));
  return joinLabels(...(await Promise.all([...numbers].map((number) => tx.readLabels(number)))));
}

async function readClaims(tx: KernelTransaction, scope: string): Promise<LabelledClaim[]> {
  return tx.query<LabelledClaim>(
    `select ${claimColumns}, labels from roost.claim
     where scope = $1 and released_at is null and expires_at > roost.now() order by claimed_at desc, id limit $2`,
    [scope, claimLimits.perScopeMax],
  );
}

/** The claims that are near the topic, most similar first. A word that most claims of the scope have says little. */
function rank(topic: Topic, text: string, claims: TopicClaim[]): SimilarClaim[] {
  const topics = claims.map((claim) => readTopic(claim.text));
  const rarity = rarityAmong(topics);
  const plain = plainText(text);
  return claims
    .map((claim, index) => {
      const score = plainText(claim.text) === plain ? 1 : scoreTopics(topic, topics[index] ?? [], { rarity });
      return {
        claimId: claim.claimId,
        text: claim.text,
        by: claim.by,
        at: claim.at,
        similarity: Math.round(score * 1_000) / 1_000,
      };
    })
    .filter((claim) => claim.similarity >= nearTopicScore)
    .toSorted((a, b) => b.similarity - a.similarity || b.at.getTime() - a.at.getTime())
    .slice(0, claimLimits.similarMax);
}

/** Below this many claims a count says nothing about a word. */
const rarityClaimsMin = 10;
const rarityMin = 0.3;

function rarityAmong(topics: Topic[]): (word: string) => number {
  if (topics.length < rarityClaimsMin) return () => 1;
  const counts = new Map<string, number>();
  for (const topic of topics) for (const { word } of topic) counts.set(word, (counts.get(word) ?? 0) + 1);
  return (word) => {
    const share = (counts.get(word) ?? 0) / topics.length;
    // A word in up to a fifth of the claims is a topic's own; one in all of them is the scope's.
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

function eventClaim(claim: SimilarClaim): JsonObject {
  return { ...claim, text: claim.text.slice(0, eventTextCharsMax).toWellFormed(), at: claim.at.toISOString() };
}

function emitClaim(
  tx: KernelTransaction,
  type: "topic.claimed" | "topic.refused",
  request: ClaimRequest,
  data: JsonObject,
  { id, quoted = openLabels }: { id?: string; quoted?: Labels } = {},
): void {
  const { scope, text, by, runId, causation, correlation } = request;
  tx.emit({
    type,
    subject: scope,
    labels: formatLabels(joinLabels(quoted, placedFor(request.labels ?? openLabels, []))),
    data: { scope, text, by, ...(runId === undefined ? {} : { runId }), ...data },
    ...(id === undefined ? {} : { id }),
    ...(causation === undefined ? {} : { causation }),
    ...(correlation === undefined ? {} : { correlation }),
  });
}

/** Gives a claim up. The claim's record stays for a while; there is no event, the topic is merely free again. */
export async function releaseClaim(kernel: Kernel, claimId: string): Promise<{ released: boolean }> {
  const rows = await kernel.database.query(
    "update roost.claim set released_at = roost.now() where id = $1 and released_at is null and expires_at > roost.now() returning id",
    [claimId],
  );
  return { released: rows.length > 0 };
}

export interface ListClaimsOptions {
  scope?: string | undefined;
  limit: number;
  /** `next` of the page before. */
  after?: string | undefined;
}

/** Live claims, newest first. */
export async function listClaims(
  kernel: Kernel,
  options: ListClaimsOptions,
): Promise<{ claims: TopicClaim[]; next: string | null }> {
  const limit = Math.min(options.limit, claimLimits.listMax);
  const claims = await kernel.database.query<TopicClaim>(
    `select ${claimColumns} from roost.claim
     where released_at is null and expires_at > roost.now() and ($1::text is null or scope = $1) and ($2::uuid is null or id < $2)
     order by id desc limit $3`,
    [options.scope ?? null, options.after ?? null, limit + 1],
  );
  const page = claims.slice(0, limit);
  return { claims: page, next: claims.length > limit ? (page.at(-1)?.claimId ?? null) : null };
}
