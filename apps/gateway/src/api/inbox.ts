/** The inbox: entries of four kinds of records joined by time; and the grants that answers gave. The records themselves are owned by the rooms. */
import { mayCall, placeOf, readPage, serve, type Served, toPage, uuidPlace } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { roostContract } from "@roost/contract/roost";
import { listGrants, revokeGrant, type Grant } from "@roost/approvals";
import {
  listQuestions,
  listUnreadFailures,
  listUnresolvedSteps,
  readFailure,
  type Question,
  type Step,
  type UnreadFailure,
} from "@roost/kernel";
import { isUntrusted } from "@roost/contract/labels";
import { listFailingJobs, type FailingJob } from "@roost/jobs";
import { listFacts, type Fact, type Memory } from "@roost/memory";
import { iso, isoOrNull } from "../records/iso.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toHomeFact } from "../records/to-home-fact.ts";
import { toQuestionRecord } from "../records/to-question.ts";

const ofFacts = roostContract.access.get("listFacts")!;

export function serveInbox({ memory }: { memory: Memory }): Served[] {
  const { kernel } = memory;
  return [
    serve(operations.listInbox, ({ limit }, { principal }) =>
      readInbox(memory, limit, { withClaims: mayCall(principal, ofFacts) }),
    ),

    serve(operations.readFailure, async ({ what }) => {
      await readFailure(kernel.database, what);
      return { what };
    }),

    serve(operations.listGrants, async ({ limit, after, isLive }) => {
      const { rows, next } = await readPage(
        limit,
        (most) => listGrants(kernel, { isLive, after: placeOf(uuidPlace, after), limit: most }),
        ({ id }) => id,
      );
      return toPage(rows.map(toGrantRecord), next);
    }),

    serve(operations.revokeGrant, async ({ grantId }, { principal }) => ({
      grant: toGrantRecord(await revokeGrant(kernel, { grantId: requireUuid("grant", grantId), by: principal.id })),
    })),
  ];
}

/** One list for every place that shows it: the command line, the console, a chat. Claims are facts: for those who may list facts. */
export async function readInbox(
  memory: Memory,
  limit: number,
  { withClaims }: { withClaims: boolean },
): Promise<{ items: operations.InboxEntryRecord[]; isMore: boolean }> {
  const { kernel } = memory;
  const most = limit + 1;
  const [questions, steps, failures, jobs, claims] = await Promise.all([
    listQuestions(kernel, { states: ["open"], limit: most, isOldestFirst: true }),
    listUnresolvedSteps(kernel, { limit: most }),
    listUnreadFailures(kernel.database, { limit: most }),
    listFailingJobs(kernel, { limit: most, isUnread: true }),
    withClaims ? listFacts(memory, { isClaim: true, isOldestFirst: true, limit: most }) : [],
  ]);
  const stopping = [
    // A question for the outcome of a step is that step.
    ...questions.filter(({ kind }) => kind !== "resolution").map(ofQuestion),
    ...steps.map(ofStep),
    ...failures.map((failure) => ofFailure(failure, `The ${failure.what}`)),
    ...jobs.map(ofJob),
  ].toSorted((left, right) => Date.parse(left.since) - Date.parse(right.since) || (left.id < right.id ? -1 : 1));
  // Nothing waits for what is claimed: however much that is, it hides nothing else.
  const entries = [...stopping, ...claims.map(ofClaim)];
  return { items: entries.slice(0, limit), isMore: entries.length > limit };
}

function ofQuestion(given: Question): operations.InboxEntryRecord {
  const question = toQuestionRecord(given);
  const entry = { id: `question:${question.id}`, since: question.askedAt, title: question.prompt, question };
  return question.kind === "approval" ? { ...entry, kind: "approval" } : { ...entry, kind: "question" };
}

function ofStep(step: Step): operations.InboxEntryRecord {
  return {
    kind: "unknown",
    id: `step:${step.runId}:${step.seq}`,
    since: iso(step.endedAt ?? step.startedAt),
    title: `Did ${step.name.replace(/^tool:|#\d+$/g, "")} happen? Its outcome is unknown`,
    runId: step.runId,
    seq: step.seq,
    reason: clipText(step.error?.message ?? "no outcome was recorded", reasonCharsMax),
  };
}

function ofFailure(
  { what, since, seenCount, reason, runId }: UnreadFailure,
  name: string,
): Extract<operations.InboxEntryRecord, { kind: "failure" }> {
  return {
    kind: "failure",
    id: `failure:${what}`,
    since: iso(since),
    title: `${name} ${seenCount === 1 ? "failed" : `failed ${seenCount} times`}`,
    what,
    failedCount: seenCount,
    reason: clipText(reason, reasonCharsMax),
    runId,
    jobId: null,
  };
}

function ofJob({ jobId, ...failure }: FailingJob): operations.InboxEntryRecord {
  return { ...ofFailure({ ...failure, what: `job:${jobId}` }, `Job ${jobId}`), jobId };
}

function ofClaim(claim: Fact): operations.InboxEntryRecord {
  const fact = toHomeFact(claim);
  const why = isUntrusted(claim.labels) ? ", and it rests on content from outside" : "";
  return {
    kind: "claim",
    id: `fact:${fact.id}`,
    since: fact.recordedAt,
    title: fact.statement,
    fact,
    reason: clipText(fact.reason ?? `${fact.by} says so${why}`, reasonCharsMax),
  };
}

function toGrantRecord(grant: Grant): operations.GrantRecord {
  return {
    ...grant,
    grantedAt: iso(grant.grantedAt),
    expiresAt: iso(grant.expiresAt),
    revokedAt: isoOrNull(grant.revokedAt),
    lastUsedAt: isoOrNull(grant.lastUsedAt),
  };
}
