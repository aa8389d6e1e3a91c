/**
 * Locks, once-only effects and reserved subjects, for agents and for scripts on any host. A lock that is held or a subject that is taken is an
 * answer, not an error.
 */
import { z } from "zod";
import { defineOperation, type OperationAccess } from "../define-operation.ts";
import { Subject, KeyText, Lock, Once, OnceEntry, SimilarSubject } from "../records/coordination.ts";
import {
  Count,
  Json,
  Name,
  WrittenName,
  pageOf,
  pageFields,
  Reason,
  RecordedError,
  text,
  Time,
  WrittenMs,
  ref,
} from "../records/fields.ts";

/** Limits of a lock's lease. */
export const lockTtlMsMin = 1000;
export const lockTtlMsMax = 24 * 3_600_000;
/** The longest wait within one call; longer waits repeat the call. */
export const lockWaitMsMax = 60_000;
export const subjectTtlMsMax = 400 * 86_400_000;

/** Open to all kinds of programs. */
const access = {
  audience: ["owner", "device", "client", "agent", "service", "script", "host"],
} satisfies OperationAccess;

const lockName = KeyText.describe("Name of a lock");
const ttlMs = WrittenMs.min(lockTtlMsMin).max(lockTtlMsMax);

export const listLocks = defineOperation({
  id: "listLocks",
  method: "GET",
  path: "/locks",
  summary: "Locks that are held, by name",
  input: z.object({ ...pageFields }),
  output: pageOf(Lock),
  effect: "readonly",
  access,
});

export const acquireLock = defineOperation({
  id: "acquireLock",
  method: "POST",
  path: "/locks/{name}/acquire",
  summary: "Acquires a lock, waiting for it if requested",
  description:
    "The same holder asking again keeps its lock and epoch. The epoch is a fencing token: send it with every write that the lock protects.",
  input: z.object({
    name: lockName,
    holder: WrittenName.describe("Name of the holder; each possible holder needs its own"),
    ttlMs: ttlMs.default(60_000).describe("Held this long unless renewed"),
    waitMs: WrittenMs.max(lockWaitMsMax).default(0),
    purpose: Reason.optional(),
  }),
  output: z.object({
    acquired: z.boolean(),
    name: lockName,
    holder: Name.describe("The current holder"),
    epoch: Count,
    expiresAt: Time,
    purpose: Reason.nullable().describe("The holder's purpose"),
  }),
  effect: "idempotent",
  access,
});

export const renewLock = defineOperation({
  id: "renewLock",
  method: "POST",
  path: "/locks/{name}/renew",
  summary: "Renews a lock if it is still held with that epoch",
  input: z.object({ name: lockName, holder: WrittenName, epoch: Count, ttlMs: ttlMs.default(60_000) }),
  output: z.object({
    isHeld: z.boolean(),
    holder: Name.nullable().describe("The current holder"),
    epoch: Count.nullable(),
    expiresAt: Time.nullable(),
  }),
  effect: "idempotent",
  access,
});

export const releaseLock = defineOperation({
  id: "releaseLock",
  method: "POST",
  path: "/locks/{name}/release",
  summary: "Releases a lock if it is still held with that epoch",
  input: z.object({ name: lockName, holder: WrittenName, epoch: Count }),
  output: z.object({ released: z.boolean(), holder: Name.nullable().describe("The current holder") }),
  effect: "idempotent",
  access,
});

const once = {
  scope: KeyText.describe("The scope in which the key is unique: a job, a script, a feed"),
  key: KeyText.describe("Name of the effect"),
};

export const listOnce = defineOperation({
  id: "listOnce",
  method: "GET",
  path: "/once",
  summary: "Effects that happen once: done, being done, or of unknown outcome; by scope and key",
  input: z.object({ ...pageFields, scope: KeyText.optional(), state: OnceEntry.shape.state.optional() }),
  output: pageOf(OnceEntry),
  effect: "readonly",
  access,
});

export const beginOnce = defineOperation({
  id: "beginOnce",
  method: "POST",
  path: "/once/{scope}/{key}/begin",
  summary: "Requests to do something that must happen once",
  description:
    "Only the answer `begun` means: do it, then call finishOnce or failOnce with the token. An attempt that is not reported in time is `unknown`: it may have happened, so others are refused unless they set `retryUnknown`.",
  input: z.object({
    ...once,
    holder: WrittenName,
    ttlMs: ttlMs.default(600_000).describe("How long it may take before its outcome counts as unknown"),
    retryUnknown: z.boolean().default(false).describe("Start again although the last outcome is unknown"),
    purpose: Reason.optional(),
  }),
  output: Once,
  effect: "idempotent",
  access,
});

const token = text(200).min(1).describe("From beginOnce");

export const renewOnce = defineOperation({
  id: "renewOnce",
  method: "POST",
  path: "/once/{scope}/{key}/renew",
  summary: "Reports that it is still being done, so that it does not count as unknown",
  input: z.object({ ...once, token, ttlMs: ttlMs.default(600_000).describe("How much longer it may take") }),
  output: z.object({ scope: KeyText, key: KeyText, expiresAt: Time }),
  errors: ["conflict"],
  effect: "idempotent",
  access,
});

export const finishOnce = defineOperation({
  id: "finishOnce",
  method: "POST",
  path: "/once/{scope}/{key}/finish",
  summary: "Reports that it happened, with the result for later callers",
  input: z.object({
    ...once,
    token,
    result: Json.optional(),
    keepMs: WrittenMs.optional().describe("How long the result is kept; default: for good"),
  }),
  output: Once,
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  access,
});

export const failOnce = defineOperation({
  id: "failOnce",
  method: "POST",
  path: "/once/{scope}/{key}/fail",
  summary: "Reports that it certainly did not happen, so that another caller may do it",
  description:
    "With `isUnknown` it reports that the outcome cannot be known; the key then stays unknown until a caller sets `retryUnknown`.",
  input: z.object({ ...once, token, error: RecordedError.optional(), isUnknown: z.boolean().default(false) }),
  output: z.object({ scope: KeyText, key: KeyText, state: z.enum(["free", "unknown"]) }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  access,
});

export const listSubjects = defineOperation({
  id: "listSubjects",
  method: "GET",
  path: "/subjects",
  summary: "Reserved subjects, newest first",
  input: z.object({ ...pageFields, scope: KeyText.optional() }),
  output: pageOf(Subject),
  effect: "readonly",
  access,
});

export const reserveSubject = defineOperation({
  id: "reserveSubject",
  method: "POST",
  path: "/subjects",
  summary: "Reserves a subject or text unless a similar one is taken, even in other words",
  input: z.object({
    scope: KeyText.describe("Where it must be unique: blog, posts, …"),
    text: text(10_000).min(1),
    by: WrittenName,
    ttlMs: WrittenMs.min(1000)
      .max(subjectTtlMsMax)
      .default(30 * 86_400_000)
      .describe("How long it stays reserved"),
    threshold: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe("Similarity that counts as the same; default: the scope's setting"),
  }),
  output: z.object({
    granted: z.boolean(),
    subjectId: ref("Subject").nullable(),
    similar: z.array(SimilarSubject).describe("The nearest subjects, also when granted; most similar first"),
  }),
  effect: "unsafe",
  access,
});

export const releaseSubject = defineOperation({
  id: "releaseSubject",
  method: "DELETE",
  path: "/subjects/{subjectId}",
  summary: "Gives up a reserved subject; agents and services only their own",
  input: z.object({ subjectId: ref("Subject") }),
  output: z.object({ released: z.boolean() }),
  errors: ["not_found"],
  effect: "idempotent",
  access,
});

export const coordinationOperations = [
  listLocks,
  acquireLock,
  renewLock,
  releaseLock,
  listOnce,
  beginOnce,
  renewOnce,
  finishOnce,
  failOnce,
  listSubjects,
  reserveSubject,
  releaseSubject,
] as const;
