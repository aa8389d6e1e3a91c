/**
 * The intent of a step, recorded before it is executed, and what a replay is told instead of executing. Owns the comparison that
 * notices a diverged replay; what an effect class means for an interrupted step is the executor's to apply.
 * Long because beginning, replaying and restarting a step share one fence and one form of answer.
 */
import { RoostError, type JsonValue } from "@roost/base";
import type { BatchOutcome } from "../batches/create-batches.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { emitStepEvent, type StepRun } from "./emit-run-event.ts";
import { checkStep, type StepRequest } from "./check-step.ts";
import { diverge, type Replayed } from "./diverge.ts";
import { prepareOutcome, type PreparedOutcome, type StepOutcome } from "./finish-step.ts";
import { hashInput } from "./hash-input.ts";
import { toOutcomesJson } from "./hold-run.ts";
import { refusal, toVerbError } from "./lease-lost.ts";
import { stepColumns } from "./run-row.ts";
import { runLimits, type Effect, type Owned, type RunError, type Step } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

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

/** What begin_1 answers for each item. */
interface Answer {
  place: number;
  answer: "begun" | "recorded" | "cancelling" | "lost";
  /** Why the end of the run was asked for. */
  reason: string | null;
}
type RecordedStep = Step & { runId: string };
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
  const begun = await kernel.batches.submit("step.begin", item, (items: Item[]) => beginSteps(kernel, items));
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
  return kernel.transact((tx) => takeOverStep(tx, owned, step.seq));
}

export const beginStatement = `
  select b.place, b.answer, b.reason, ${stepColumns("(b.recorded)")}
  from roost.begin_1($1::uuid[], $2::bigint[], $3::jsonb, $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb) as b`;

/** One statement is a transaction of its own. */
async function beginSteps(kernel: Kernel, items: Item[]): Promise<BatchOutcome<BegunStep | Divergence>[]> {
  const rows = await kernel.database
    .query<Answer & RecordedStep>(
      beginStatement,
      [
        items.map((item) => item.owned.runId),
        items.map((item) => item.owned.epoch),
        `[${items.map((item) => toOutcomesJson(item.finishing)).join(",")}]`,
        items.map((item) => item.request.seq),
        items.map((item) => item.request.name),
        items.map((item) => item.request.kind),
        items.map((item) => item.request.effect),
        items.map((item) => item.inputHash),
        `[${items.map((item) => item.inputText).join(",")}]`,
      ],
      { name: "roost_step_begin" },
    )
    .catch((error: unknown) => {
      throw toVerbError(error);
    });
  if (items.some((item) => item.request.effect !== "readonly" || item.finishing.length > 0))
    kernel.wakeups.wake("log:runs");
  return Promise.all(
    rows.map(async ({ place, answer, reason, ...recorded }): Promise<BatchOutcome<BegunStep | Divergence>> => {
      const item = items[place - 1]!;
      const { owned, request } = item;
      switch (answer) {
        case "lost":
          return { error: await refusal(kernel.database, owned) };
        case "cancelling":
          return { value: { state: "cancel_requested", reason: reason ?? "cancelled" } };
        case "begun":
          return { value: { state: "begun", attempt: 1, idempotencyKey: `${owned.runId}:${request.seq}` } };
        case "recorded":
          // Each learns its own: what cannot be taken over fails alone.
          return replay(kernel, item, { recorded, cancelReason: reason }).then(
            (value) => ({ value }),
            (error: unknown) => ({ error }),
          );
      }
    }),
  );
}

async function replay(
  kernel: Kernel,
  { owned, request, inputHash }: Item,
  { recorded, cancelReason }: { recorded: Step; cancelReason: string | null },
): Promise<BegunStep | Divergence> {
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
      if (cancelReason !== null) return { state: "cancel_requested", reason: cancelReason };
      return { state: "begun", ...(await restartStep(kernel, owned, request)) };
    case "intent":
      // This owner began it and did not hear so.
      if (recorded.epoch === owned.epoch) return { state: "begun", attempt, idempotencyKey };
      if (cancelReason !== null) return { state: "cancel_requested", reason: cancelReason };
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
const takeOverStatement = `
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

async function takeOverStep(
  tx: KernelTransaction,
  owned: Owned,
  seq: number,
): Promise<{ attempt: number; idempotencyKey: string }> {
  const [row] = await tx.query<StepRun & { isTaken: boolean }>(takeOverStatement, [owned.runId, owned.epoch, seq], {
    name: "roost_step_take_over",
  });
  if (row === undefined) throw await refusal(tx, owned);
  const [step] = await tx.query<Step>(
    `select ${stepColumns("s")} from roost.step s where s.run_id = $1 and s.seq = $2`,
    [owned.runId, seq],
  );
  if (step === undefined || step.state !== "intent") {
    throw new RoostError(
      "conflict",
      `step ${seq} of run ${owned.runId} is ${step?.state ?? "not recorded"}: only an interrupted step is restarted`,
    );
  }
  const { attempt, idempotencyKey, effect } = step;
  // Intents to change the world stand in the log; reads would only fill it.
  if (row.isTaken && effect !== "readonly") emitStepEvent(tx, "step.started", row, step, { effect, idempotencyKey });
  return { attempt, idempotencyKey };
}
