/**
 * Answers by idempotency key, for the one place that calls operations: the first call with a key does the work, later ones get its answer for seven
 * days. The operation's effect class decides what an attempt without an answer means.
 */
import { createHash } from "node:crypto";
import { canonicalJson, createId, refusalCodes, RoostError, toRoostError } from "@roost/base";
import type { Content, KeepAnswer, KeyedCall, Principal } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { Logger } from "@roost/base";
import { coordinationLimits } from "./coordination-limits.ts";

/** What is known of a key. */
export interface KnownAnswer {
  fingerprint: string;
  begunAt: Date;
  endedAt: Date | null;
  isBusy: boolean;
  output: string | null;
  bytes: number | null;
}

export interface AnswerAttempt {
  scope: string;
  key: string;
  token: string;
}

/** Where answers are kept. */
export interface AnswerStore {
  /** Invariant: of concurrent calls with a key one begins. After the time of an attempt without an answer another follows, where that is harmless. */
  begin(attempt: AnswerAttempt, options: { fingerprint: string; mayRepeat: boolean }): Promise<boolean>;
  read(attempt: AnswerAttempt): Promise<KnownAnswer | undefined>;
  /** Null: too large to keep. */
  keep(attempt: AnswerAttempt, text: string | null, bytes: number): Promise<void>;
  /** A key whose attempt may have had an effect stays taken; its outcome is unknown. */
  forget(attempt: AnswerAttempt, isFree: boolean): Promise<void>;
}

/** Keys of a run are its own: another run of the same agent may not know what the first was told. */
function callerOf({ id, run }: Principal): string {
  return run === undefined ? id : `${id} run:${run.id}`;
}

export function createKeepAnswer(store: AnswerStore, { logger }: { logger: Logger }): KeepAnswer {
  return async (call, work) => {
    const scope = `${call.service}.${call.operation.id} ${callerOf(call.principal)}`;
    const fingerprint = fingerprintOf(call);
    const attempt: AnswerAttempt = { scope, key: call.key, token: createId() };
    const mayRepeat = isRepeatable(call);
    if (!(await store.begin(attempt, { fingerprint, mayRepeat })))
      return { output: readKept(call, await store.read(attempt), fingerprint), isRepeated: true };
    let output: unknown;
    try {
      output = await work();
    } catch (error) {
      // The call's own error is reported; a key that stays taken for a while is the lesser harm.
      await store
        .forget(attempt, mayRepeat || refusalCodes.has(toRoostError(error).code))
        .catch((lost: unknown) => logger.warn("an idempotency key was not released", { key: call.key, error: lost }));
      throw error;
    }
    const text = call.operation.answersContent === undefined ? JSON.stringify(output) : null;
    const bytes = text === null ? 0 : Buffer.byteLength(text);
    await store.keep(attempt, bytes > coordinationLimits.answerBytesMax ? null : text, bytes);
    return { output, isRepeated: false };
  };
}

/** Content counts by its hash: written out as JSON, 20 MB of bytes take a gigabyte. */
function fingerprintOf({ input, operation: { contentField } }: KeyedCall): string {
  const content = contentField === undefined ? undefined : (input[contentField] as Content | undefined);
  const plain =
    content === undefined ? input : { ...input, [contentField!]: [content.mediaType, hashOf(content.bytes)] };
  return hashOf(canonicalJson(plain));
}

function hashOf(given: string | Uint8Array): string {
  return createHash("sha256").update(given).digest("hex");
}

/** Whether repeating it after an attempt without an answer has no further effect. */
function isRepeatable({ operation }: KeyedCall): boolean {
  return operation.effect === "idempotent";
}

/** @throws RoostError unless it is the answer of an equal call */
function readKept(call: KeyedCall, known: KnownAnswer | undefined, fingerprint: string): unknown {
  const name = `the idempotency key "${call.key}"`;
  if (known === undefined) throw new RoostError("unavailable", `${name} became free just now: try again`);
  if (known.fingerprint !== fingerprint) {
    throw new RoostError("conflict", `${name} was used for another call: use a new key for each`);
  }
  if (known.endedAt === null) {
    throw new RoostError(
      "conflict",
      known.isBusy
        ? `the first call with ${name} is still running: try again in a moment`
        : `the first call with ${name} began at ${known.begunAt.toISOString()} and gave no answer: check whether it happened, then use another key`,
    );
  }
  if (known.output === null) {
    throw new RoostError(
      "limit_exceeded",
      `the call with ${name} was done at ${known.endedAt.toISOString()}; its answer is not JSON of at most ${coordinationLimits.answerBytesMax} bytes (${known.bytes}) and was not kept: read its result instead`,
    );
  }
  return JSON.parse(known.output);
}

/** The home's own table. */
export function answersOf(sql: Sql): AnswerStore {
  const { answerBusyMs, answerKeepMs } = coordinationLimits;
  return {
    async begin({ scope, key, token }, { fingerprint, mayRepeat }) {
      const rows = await sql.query(
        `insert into roost.answer as known (scope, key, fingerprint, token, begun_at, busy_until, expires_at)
         values ($1, $2, $3, $4, roost.now(), roost.now() + $5 * interval '1 ms', roost.now() + $6 * interval '1 ms')
         on conflict (scope, key) do update
           set fingerprint = excluded.fingerprint, token = excluded.token, begun_at = excluded.begun_at, busy_until = excluded.busy_until,
             expires_at = excluded.expires_at, ended_at = null, output = null, output_bytes = null
           where known.expires_at <= roost.now()
             or ($7 and known.ended_at is null and known.busy_until <= roost.now() and known.fingerprint = excluded.fingerprint)
         returning 1`,
        [scope, key, fingerprint, token, answerBusyMs, answerKeepMs, mayRepeat],
        { name: "roost_answer_begin" },
      );
      return rows.length > 0;
    },
    async read({ scope, key }) {
      const [known] = await sql.query<KnownAnswer>(
        `select fingerprint, begun_at as "begunAt", ended_at as "endedAt", busy_until > roost.now() as "isBusy", output_bytes as bytes,
           coalesce(output, (select l.output from roost.long_answer l where l.scope = $1 and l.key = $2)) as output
         from roost.answer where scope = $1 and key = $2`,
        [scope, key],
      );
      return known;
    },
    async keep({ scope, key, token }, text, bytes) {
      await sql.query("select roost.keep_answer_1($1, $2, $3, $4, $5)", [scope, key, token, text, bytes], {
        name: "roost_answer_keep",
      });
    },
    async forget({ scope, key, token }, isFree) {
      const statement = isFree
        ? "delete from roost.answer where scope = $1 and key = $2 and token = $3"
        : "update roost.answer set busy_until = roost.now() where scope = $1 and key = $2 and token = $3";
      await sql.query(statement, [scope, key, token]);
    },
  };
}
