/**
 * The intent of a step, recorded before it is executed, and what a replay is told instead of executing. Owns the comparison that
 * notices a diverged replay; what an effect class means for an interrupted step is the executor's to apply.
 * Long because beginning, replaying and restarting a step share one fence and one form of answer.
 */
import { RoostError, type JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";
import type { BatchOutcome } from "../batches/create-batches.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { emitStepEvent } from "./emit-run-event.ts";
import { checkStep } from "./check-step.ts";
import { diverge, type Replayed } from "./diverge.ts";
import { finishBefore, prepareOutcome, type PreparedOutcome, type StepOutcome } from "./finish-step.ts";
import { hashInput } from "./hash-input.ts";
import { refusal } from "./lease-lost.ts";
import { stepColumns } from "./run-row.ts";
import { runLimits, type Effect, type Owned, type Run, type RunError, type Step } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

export interface StepRequest {
  /** Its place in the run, from 1, the same in every replay. */
  seq: number;
  name: string;
  kind: string;
  effect: Effect;
  input?: JsonValue;
}

export type BegunStep =
  /** The intent is recorded: execute it. */
  | { state: "begun"; attempt: number; idempotencyKey: string }
  /** An intent of an earlier owner has no outcome: its effect class decides; then `restartStep` or `finishStep`. */
  | { state: "interrupted"; attempt: number; idempotencyKey: string; effect: Effect; priorStartedAt: Date }
  /** Recorded outcomes: do not execute. */
  | { state: "done"; output: JsonValue }
  | { state: "failed"; error: RunError }
  | { state: "unknown"; error: RunError }
  /** Somebody asked for the run's end: no new step begins; finish the run as `cancelled`. */
  | { state: "cancel_requested"; reason: string };

export interface BeginOptions {
  /** Outcomes of earlier steps of the run, recorded in the same transaction: a step costs one commit. */
  finishing?: StepOutcome[];
}

interface Item extends Replayed {
  finishing: PreparedOutcome[];
  inputText: string;
}

type Fence = Pick<
  Run,
  "id" | "correlation" | "causeId" | "traceparent" | "labels" | "cancelRequestedAt" | "cancelReason"
>;
/** Without an id: the fence did not hold. */
type BeginRow = (Fence | { id: null }) & { idempotencyKey: string | null };
/** What is recorded at this seq is another step: the run is to be stopped. */
interface Divergence {
  state: "diverged";
  recorded: Step;
}

/**
 * Records the intent of a step before it is executed, or returns what is recorded already.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), or the run has diverged (`isDiverged`): another step is
 * recorded at this seq; the run was ended as `diverged` with the difference. And as finishStep does; then nothing was recorded.
 */
export async function beginStep(
  kernel: Kernel,
  owned: Owned,
  request: StepRequest,
  { finishing = [] }: BeginOptions = {},
): Promise<BegunStep> {
  checkStep(request);
  const what = `the input of step ${request.seq} of run ${owned.runId}`;
  const item: Item = {
    owned,
    finishing: finishing.map((outcome) => prepareOutcome(owned, outcome)),
    request,
    inputHash: hashInput(request.input ?? null),
    inputText: toJsonText(request.input, { what, bytesMax: runLimits.stepInputBytesMax }),
  };
  const begun = await kernel.batches.submit(
    "step.begin",
    item,
    async (items: Item[]) => (await beginReads(kernel, items)) ?? kernel.transact((tx) => beginSteps(tx, items)),
  );
  if (begun.state !== "diverged") return begun;
  throw await kernel.transact((tx) => diverge(tx, begun.recorded, item));
}

/**
 * Takes over an interrupted step under the same idempotency key: the intent is this owner's now.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`), or the step has an outcome
 */
export async function restartStep(
  kernel: Kernel,
  owned: Owned,
  step: { seq: number },
): Promise<{ attempt: number; idempotencyKey: string }> {
  return kernel.transact((tx) => retake(tx, owned, step.seq));
}

/**
 * Where there is nothing but new reads, which the log is not told of, one statement is a transaction of its own. Otherwise nothing
 * is returned, and what it did begin is recognised.
 */
async function beginReads(kernel: Kernel, items: Item[]): Promise<BatchOutcome<BegunStep>[] | undefined> {
  if (items.some((item) => item.request.effect !== "readonly" || item.finishing.length > 0)) return undefined;
  const rows = await begin(kernel.database, items);
  const outcomes = rows.flatMap(({ id, idempotencyKey }) =>
    id === null || idempotencyKey === null ? [] : [{ value: { state: "begun", attempt: 1, idempotencyKey } as const }],
  );
  return outcomes.length === items.length ? outcomes : undefined;
}

async function beginSteps(tx: KernelTransaction, items: Item[]): Promise<BatchOutcome<BegunStep | Divergence>[]> {
  const finishing = items.flatMap((item) => item.finishing);
  // In one round trip, in this order.
  const [, , rows] = await Promise.all([
    finishing.length > 0 ? lockInOrder(tx, items) : undefined,
    finishBefore(tx, finishing),
    begin(tx, items),
  ]);
  const begun = new Set<string>();
  const outcomes: BatchOutcome<BegunStep | Divergence>[] = [];
  for (const [index, item] of items.entries()) {
    const { owned, request } = item;
    const row = rows[index]!;
    const key = `${owned.runId}:${request.seq}`;
    if (row.id === null) {
      outcomes.push({ error: await refusal(tx, owned) });
    } else if (row.idempotencyKey !== null && !begun.has(key)) {
      begun.add(key);
      outcomes.push({ value: announce(tx, row, request, { attempt: 1, idempotencyKey: row.idempotencyKey }) });
    } else {
      outcomes.push({ value: await replay(tx, item, row) });
    }
  }
  return outcomes;
}

/** Invariant: rows of run are locked by (depth, id), also when those that finish a step are fewer than those that begin one. */
async function lockInOrder(tx: KernelTransaction, items: Item[]): Promise<void> {
  if (items.length === 1) return;
  await tx.query("select 1 from roost.run where id = any($1::uuid[]) order by depth, id for no key update", [
    items.map((item) => item.owned.runId),
  ]);
}

/**
 * Invariants: an intent is written only by the owner of the run (the fence locks its row until the commit), only once per seq, and
 * not after somebody asked for the run's end. What only reads may be executed again anyway: its intent waits for no disk, since a
 * power cut that takes the intent takes nothing that counts.
 */
export const beginStatement = `
  with item as (
    select * from unnest($1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[])
      with ordinality as i(run_id, epoch, seq, name, kind, effect, input_hash, input, place)
  ),
  fence as (
    select id, epoch, state, correlation, cause_id, traceparent, cancel_requested_at, cancel_reason, labels from roost.run
    where id = any($1::uuid[]) order by depth, id for no key update
  ),
  begun as (
    insert into roost.step (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, started_at, labels)
    select f.id, i.seq, i.name, i.kind, i.effect, 'intent', 1, f.epoch, f.id || ':' || i.seq, i.input_hash, i.input, roost.now(), f.labels
    from item i join fence f on f.id = i.run_id and f.epoch = i.epoch and f.state = 'running'
    where f.cancel_requested_at is null
    on conflict (run_id, seq) do nothing
    returning run_id, seq, idempotency_key
  )
  select f.id, f.correlation, f.cause_id as "causeId", f.traceparent, f.cancel_requested_at as "cancelRequestedAt",
    f.cancel_reason as "cancelReason", f.labels, b.idempotency_key as "idempotencyKey",
    case when $9::boolean then set_config('synchronous_commit', 'off', true) end as "unflushed"
  from item i
  left join fence f on f.id = i.run_id and f.epoch = i.epoch and f.state = 'running'
  left join begun b on b.run_id = i.run_id and b.seq = i.seq and f.id is not null
  order by i.place`;

async function begin(sql: Sql, items: Item[]): Promise<BeginRow[]> {
  return sql.query<BeginRow>(
    beginStatement,
    [
      items.map((item) => item.owned.runId),
      items.map((item) => item.owned.epoch),
      items.map((item) => item.request.seq),
      items.map((item) => item.request.name),
      items.map((item) => item.request.kind),
      items.map((item) => item.request.effect),
      items.map((item) => item.inputHash),
      items.map((item) => item.inputText),
      items.every((item) => item.request.effect === "readonly" && item.finishing.length === 0),
    ],
    { name: "roost_step_begin" },
  );
}

async function readStep(tx: KernelTransaction, runId: string, seq: number): Promise<Step | undefined> {
  const [step] = await tx.query<Step>(
    `select ${stepColumns("s")} from roost.step s where s.run_id = $1 and s.seq = $2`,
    [runId, seq],
  );
  return step;
}

async function replay(
  tx: KernelTransaction,
  { owned, request, inputHash }: Item,
  fence: Fence,
): Promise<BegunStep | Divergence> {
  const cancelled = { state: "cancel_requested" as const, reason: fence.cancelReason ?? "cancelled" };
  const recorded = await readStep(tx, owned.runId, request.seq);
  if (recorded === undefined) return cancelled;
  const isSame = recorded.name === request.name && recorded.kind === request.kind && recorded.inputHash === inputHash;
  if (!isSame) return { state: "diverged", recorded };
  const { attempt, idempotencyKey } = recorded;
  const unexplained: RunError = { code: "internal", message: "no error was recorded" };
  switch (recorded.state) {
    case "done":
      return { state: "done", output: recorded.output };
    case "unknown":
      return { state: "unknown", error: recorded.error ?? unexplained };
    case "failed":
      if (!recorded.reopened) return { state: "failed", error: recorded.error ?? unexplained };
      if (fence.cancelRequestedAt !== null) return cancelled;
      return { state: "begun", ...(await retake(tx, owned, request.seq)) };
    case "intent":
      // This owner began it and did not hear so.
      if (recorded.epoch === owned.epoch) return { state: "begun", attempt, idempotencyKey };
      if (fence.cancelRequestedAt !== null) return cancelled;
      return {
        state: "interrupted",
        attempt,
        idempotencyKey,
        effect: recorded.effect,
        priorStartedAt: recorded.startedAt,
      };
    case "waiting":
      throw new RoostError("internal", `step ${request.seq} of run ${owned.runId} waits although the run is running`);
  }
}

/** Invariant: an interrupted or reopened intent is taken over only by the owner of the run, and never one that has an outcome. */
const retakeStatement = `
  with fence as (
    select id, epoch, correlation, cause_id, traceparent, labels from roost.run
    where id = $1 and epoch = $2 and state = 'running' for no key update
  ),
  taken as (
    update roost.step s set
      state = 'intent', epoch = f.epoch, attempt = s.attempt + 1, reopened = false, resolution = null, error = null, output = null,
      ended_at = null, started_at = roost.now()
    from fence f
    where s.run_id = f.id and s.seq = $3 and (s.state = 'intent' and s.epoch < f.epoch or s.state = 'failed' and s.reopened)
    returning s.run_id
  )
  select f.id, f.correlation, f.cause_id as "causeId", f.traceparent, f.labels, t.run_id is not null as "isTaken"
  from fence f left join taken t on true`;

async function retake(
  tx: KernelTransaction,
  owned: Owned,
  seq: number,
): Promise<{ attempt: number; idempotencyKey: string }> {
  const [row] = await tx.query<Fence & { isTaken: boolean }>(retakeStatement, [owned.runId, owned.epoch, seq], {
    name: "roost_step_retake",
  });
  if (row === undefined) throw await refusal(tx, owned);
  const step = await readStep(tx, owned.runId, seq);
  if (step === undefined || step.state !== "intent") {
    throw new RoostError(
      "conflict",
      `step ${seq} of run ${owned.runId} is ${step?.state ?? "not recorded"}: only an interrupted step is restarted`,
    );
  }
  const { attempt, idempotencyKey } = step;
  if (row.isTaken) announce(tx, row, step, { attempt, idempotencyKey });
  return { attempt, idempotencyKey };
}

/** Intents to change the world stand in the log; reads would only fill it. */
function announce(
  tx: KernelTransaction,
  run: Pick<Fence, "id" | "correlation" | "causeId" | "traceparent" | "labels">,
  step: Pick<StepRequest, "seq" | "name" | "kind" | "effect">,
  begun: { attempt: number; idempotencyKey: string },
): BegunStep {
  const { effect } = step;
  if (effect !== "readonly")
    emitStepEvent(
      tx,
      "step.started",
      run,
      { ...step, attempt: begun.attempt },
      { effect, idempotencyKey: begun.idempotencyKey },
    );
  return { state: "begun", ...begun };
}
