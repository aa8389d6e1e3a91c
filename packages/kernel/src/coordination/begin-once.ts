/**
 * Effects that happen once, however many try. begin decides who does it; finish and fail report the outcome. An effect whose holder did
 * not report is `unknown` and is not given out unless a caller decides so. Long because every transition of one row is here.
 */
import { RoostError, type JsonFields, type JsonValue } from "@roost/base";
import { formatLabels, openLabels, placedFor, type Labels } from "@roost/contract/labels";
import { eachAlone, setAsideMs } from "../each-alone.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { checkMs, checkName } from "./check-limits.ts";
import { coordinationLimits } from "./coordination-limits.ts";

export interface OnceKey {
  scope: string;
  key: string;
}

export interface OnceRequest extends OnceKey {
  holder: string;
  /** How long it may take before its outcome counts as unknown. */
  ttlMs: number;
  /** The holder's name is unique to this attempt: what it has begun is returned to it again, with the token. */
  isSoleHolder?: boolean | undefined;
  /** Begin again although the last outcome is unknown. */
  retryUnknown?: boolean | undefined;
  purpose?: string | undefined;
  runId?: string | undefined;
  /** Labels of the caller: they limit how far its text can be trusted. Default: the person's. */
  labels?: Labels | undefined;
  causation?: string | undefined;
  correlation?: string | undefined;
}

export interface OnceAnswer extends OnceKey {
  /** begun: do it now. in_progress: another caller is doing it. done: with its result. unknown: another caller began and did not report. */
  state: "begun" | "done" | "in_progress" | "unknown";
  /** Token for finishOnce and failOnce; null unless begun. */
  token: string | null;
  holder: string;
  /** Number of attempts, this one included. */
  attempt: number;
  result: JsonValue;
  /** The label set of the result. */
  resultLabels: number;
  beganAt: Date;
  endedAt: Date | null;
  /** When an effect in progress becomes unknown. */
  expiresAt: Date;
}

interface OnceRow {
  state: "begun" | "done" | "unknown" | "free";
  epoch: number;
  holder: string;
  attempt: number;
  result: JsonValue;
  /** Of the result. */
  labels: number;
  beganAt: Date;
  endedAt: Date | null;
  expiresAt: Date;
  isOverdue: boolean;
  isForgotten: boolean;
  causeId: string;
  runId: string | null;
}

const onceColumns = `state, epoch, holder, attempt, result, labels, begun_at as "beganAt", ended_at as "endedAt", expires_at as "expiresAt",
  expires_at <= roost.now() as "isOverdue", coalesce(keep_until <= roost.now(), false) as "isForgotten", cause_id as "causeId", run_id as "runId"`;

export async function beginOnce(kernel: Kernel, request: OnceRequest): Promise<OnceAnswer> {
  checkName("scope", request.scope);
  checkName("key", request.key);
  checkName("holder", request.holder);
  checkMs("time to live", request.ttlMs, { min: coordinationLimits.ttlMsMin, max: coordinationLimits.ttlMsMax });
  return kernel.transact(async (tx) => {
    // The unique key decides between two concurrent calls: the second waits here for the first's commit.
    const [fresh] = await tx.query<OnceRow>(
      `insert into roost.once (scope, key, state, epoch, holder, purpose, run_id, attempt, begun_at, expires_at, cause_id)
       values ($1, $2, 'begun', nextval('roost.lock_epoch'), $3, $4, $5, 1, roost.now(), roost.now() + $6 * interval '1 ms', '')
       on conflict (scope, key) do nothing returning ${onceColumns}`,
      [request.scope, request.key, request.holder, request.purpose ?? null, request.runId ?? null, request.ttlMs],
    );
    if (fresh !== undefined) return begun(tx, request, fresh);
    const row = await lockOnce(tx, request);
    if (row.state === "begun" && row.isOverdue)
      row.state = await markUnknown(tx, request, row, "its holder did not report in time");
    if (row.state === "begun" && request.isSoleHolder === true && row.holder === request.holder)
      return { ...answer(request, row), state: "begun", token: String(row.epoch) };
    const mayBegin =
      row.state === "free" ||
      (row.state === "done" && row.isForgotten) ||
      (row.state === "unknown" && request.retryUnknown === true);
    if (!mayBegin) return answer(request, row);
    const [again] = await tx.query<OnceRow>(
      `update roost.once set state = 'begun', epoch = nextval('roost.lock_epoch'), holder = $3, purpose = $4, run_id = $5, attempt = attempt + 1,
         result = null, error = null, begun_at = roost.now(), expires_at = roost.now() + $6 * interval '1 ms', ended_at = null, keep_until = null
       where scope = $1 and key = $2 returning ${onceColumns}`,
      [request.scope, request.key, request.holder, request.purpose ?? null, request.runId ?? null, request.ttlMs],
    );
    return begun(tx, request, present(again, request));
  });
}

export interface OnceOutcome extends OnceKey {
  /** From beginOnce. */
  token: string;
  /** Labels of the reported text. Default: the person's. */
  labels?: Labels | undefined;
}

/**
 * Reports that it happened; accepted late too, unless another attempt has begun.
 * @throws not_found, or conflict when the token is not the newest one
 */
export async function finishOnce(
  kernel: Kernel,
  outcome: OnceOutcome & { result?: JsonValue | undefined; keepMs?: number | undefined },
): Promise<OnceAnswer> {
  const result = JSON.stringify(outcome.result ?? null);
  if (Buffer.byteLength(result) > coordinationLimits.resultBytesMax) {
    throw new RoostError(
      "limit_exceeded",
      `The result has ${Buffer.byteLength(result)} bytes (limit ${coordinationLimits.resultBytesMax}): store the rest elsewhere`,
    );
  }
  return kernel.transact(async (tx) => {
    const row = await lockOnce(tx, outcome);
    refuseOtherToken(outcome, row);
    if (row.state === "done") return answer(outcome, row);
    if (row.state === "free")
      throw new RoostError(
        "conflict",
        `"${outcome.key}" was already reported as not done by the same holder: begin it again`,
      );
    const causeId = emitOnce(tx, "once.done", outcome, row, { result: outcome.result ?? null }, outcome);
    const labels = await tx.labelSet(placedFor(outcome.labels ?? openLabels, []));
    const [done] = await tx.query<OnceRow>(
      `update roost.once set state = 'done', result = $3, ended_at = roost.now(), keep_until = roost.now() + $4 * interval '1 ms', cause_id = $5, labels = $6
       where scope = $1 and key = $2 returning ${onceColumns}`,
      [outcome.scope, outcome.key, result, outcome.keepMs ?? null, causeId, labels],
    );
    return answer(outcome, present(done, outcome));
  });
}

/**
 * Reports that it certainly did not happen, so that another may begin; or, with `isUnknown`, that the outcome cannot be known.
 * @throws not_found, or conflict when the token is not the newest one or it was reported done
 */
export async function failOnce(
  kernel: Kernel,
  outcome: OnceOutcome & { error?: { code: string; message: string } | undefined; isUnknown?: boolean | undefined },
): Promise<{ state: "free" | "unknown" }> {
  return kernel.transact(async (tx) => {
    const row = await lockOnce(tx, outcome);
    refuseOtherToken(outcome, row);
    if (row.state === "done")
      throw new RoostError("conflict", `"${outcome.key}" was already reported as done, which stays`);
    if (outcome.isUnknown === true) {
      if (row.state === "begun")
        await markUnknown(
          tx,
          outcome,
          row,
          outcome.error?.message ?? "its holder cannot tell whether it happened",
          outcome.labels,
        );
      return { state: "unknown" };
    }
    if (row.state === "free") return { state: "free" };
    const causeId = emitOnce(
      tx,
      "once.failed",
      outcome,
      row,
      outcome.error === undefined ? {} : { error: outcome.error },
      outcome,
    );
    await tx.query(
      `update roost.once set state = 'free', error = $3, ended_at = roost.now(), cause_id = $4 where scope = $1 and key = $2`,
      [outcome.scope, outcome.key, outcome.error === undefined ? null : JSON.stringify(outcome.error), causeId],
    );
    return { state: "free" };
  });
}

/** Gives the holder more time. @throws conflict when its time is up or the token is not the newest one */
export async function renewOnce(
  kernel: Kernel,
  outcome: OnceOutcome & { ttlMs: number },
): Promise<{ expiresAt: Date }> {
  checkMs("time to live", outcome.ttlMs, { min: coordinationLimits.ttlMsMin, max: coordinationLimits.ttlMsMax });
  const [row] = await kernel.database.query<{ expiresAt: Date }>(
    `update roost.once set expires_at = roost.now() + $4 * interval '1 ms'
     where scope = $1 and key = $2 and epoch::text = $3 and state = 'begun' and expires_at > roost.now() returning expires_at as "expiresAt"`,
    [outcome.scope, outcome.key, outcome.token, outcome.ttlMs],
  );
  if (row === undefined)
    throw new RoostError(
      "conflict",
      `"${outcome.key}" is no longer yours: its time is up or another attempt has begun`,
    );
  return row;
}

/** Marks effects whose holder did not report in time. A loop over state: any number of schedulers may run it. */
export async function expireOnce(kernel: Kernel): Promise<number> {
  const overdue = await kernel.database.query<OnceKey>(
    `select scope, key from roost.once where state = 'begun' and expires_at <= roost.now() order by expires_at limit $1`,
    [coordinationLimits.passMax],
    { name: "once-overdue" },
  );
  const byId = new Map(overdue.map((once) => [`${once.scope}/${once.key}`, once]));
  return eachAlone(kernel, [...byId.keys()], {
    what: "effect",
    work: async (tx, ids) => {
      const once = byId.get(ids[0]!)!;
      const row = await lockOnce(tx, once);
      if (row.state !== "begun" || !row.isOverdue) return 0;
      return (await markUnknown(tx, once, row, "its holder did not report in time")) === "unknown" ? 1 : 0;
    },
    setAside: (tx, id) => {
      const { scope, key } = byId.get(id)!;
      return tx.query(
        "update roost.once set expires_at = roost.now() + $3 * interval '1 millisecond' where scope = $1 and key = $2 and state = 'begun'",
        [scope, key, setAsideMs],
      );
    },
  });
}

async function lockOnce(tx: KernelTransaction, { scope, key }: OnceKey): Promise<OnceRow> {
  const [row] = await tx.query<OnceRow>(
    `select ${onceColumns} from roost.once where scope = $1 and key = $2 for update`,
    [scope, key],
  );
  return present(row, { scope, key });
}

function present(row: OnceRow | undefined, { scope, key }: OnceKey): OnceRow {
  if (row === undefined)
    throw new RoostError("not_found", `There is no effect "${key.slice(0, 64)}" in the scope "${scope.slice(0, 64)}"`);
  return row;
}

function refuseOtherToken(outcome: OnceOutcome, row: OnceRow): void {
  if (String(row.epoch) === outcome.token) return;
  throw new RoostError(
    "conflict",
    `"${outcome.key}" was begun again by ${row.holder} since: reports of this holder no longer count`,
    {
      details: { reason: "lease_lost" },
    },
  );
}

async function begun(tx: KernelTransaction, request: OnceRequest, row: OnceRow): Promise<OnceAnswer> {
  const causeId = emitOnce(
    tx,
    "once.begun",
    request,
    row,
    { attempt: row.attempt, expiresAt: row.expiresAt.toISOString() },
    request,
  );
  await tx.query("update roost.once set cause_id = $3 where scope = $1 and key = $2", [
    request.scope,
    request.key,
    causeId,
  ]);
  return { ...answer(request, row), state: "begun", token: String(row.epoch) };
}

async function markUnknown(
  tx: KernelTransaction,
  once: OnceKey,
  row: OnceRow,
  reason: string,
  labels?: Labels,
): Promise<"unknown"> {
  const causeId = emitOnce(tx, "once.unknown", once, row, { reason: reason.slice(0, 2_000) }, { labels });
  await tx.query(
    `update roost.once set state = 'unknown', ended_at = roost.now(), cause_id = $3 where scope = $1 and key = $2`,
    [once.scope, once.key, causeId],
  );
  return "unknown";
}

function answer({ scope, key }: OnceKey, row: OnceRow): OnceAnswer {
  const state = row.state === "begun" ? "in_progress" : row.state === "free" ? "unknown" : row.state;
  return {
    scope,
    key,
    state,
    token: null,
    holder: row.holder,
    attempt: row.attempt,
    result: row.state === "done" ? row.result : null,
    resultLabels: row.labels,
    beganAt: row.beganAt,
    endedAt: row.endedAt,
    expiresAt: row.expiresAt,
  };
}

function emitOnce(
  tx: KernelTransaction,
  type: "once.begun" | "once.done" | "once.failed" | "once.unknown",
  { scope, key }: OnceKey,
  row: OnceRow,
  data: JsonFields,
  cause: { causation?: string | undefined; correlation?: string | undefined; labels?: Labels | undefined } = {},
): string {
  const causation = cause.causation ?? (type === "once.begun" ? undefined : row.causeId);
  return tx.emit({
    type,
    subject: `${scope}/${key}`.slice(0, 256).toWellFormed(),
    labels: formatLabels(placedFor(cause.labels ?? openLabels, [])),
    data: { scope, key, holder: row.holder, runId: row.runId ?? undefined, ...data },
    causation: causation === undefined || causation === "" ? undefined : causation,
    correlation: cause.correlation,
  });
}
