/** A new run that starts with the recorded steps of another up to a step, and continues on its own. */
import { RoostError, type JsonObject, type JsonValue } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { asNew, copySteps, sameStartLimits } from "./copy-steps.ts";
import { createRun, type CreatedRun } from "./create-run.ts";
import { getRun } from "./list-runs.ts";
import { hashInput } from "./prepare-intent.ts";
import { readSteps } from "./read-steps.ts";
import { runLimits, type Run, type Step } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

export interface ForkRequest {
  runId: string;
  /** The first step to execute again; earlier ones are copied as recorded. */
  fromSeq: number;
  /** Input fields to replace. What copied steps derived from the input stays. */
  input?: JsonObject | undefined;
  reason: string;
  by: string;
  /** For a journal that no program continues: the steps that the fork starts with instead of those before `fromSeq`. */
  carryOver?: ((steps: Step[]) => CarriedOver[]) | undefined;
  /** Loop versions that can be continued. Default: all. */
  loopVersions?: readonly number[] | undefined;
}

export interface CarriedOver {
  name: string;
  kind: string;
  output: JsonValue;
}

/**
 * Starts the fork. Nothing before `fromSeq` is executed again: these steps keep their outcomes and idempotency keys; later ones have keys of the
 * fork. Each call makes another fork; the run itself, which may still be active, is unchanged.
 *
 * @throws RoostError `not_found`; `invalid_input` for a step that the run has not reached; `conflict` when an earlier step has no outcome yet
 */
export async function forkRun(kernel: Kernel, request: ForkRequest): Promise<CreatedRun> {
  const { runId, fromSeq } = request;
  return kernel.transact(async (tx) => {
    const run = await getRun(tx, runId);
    const [last] = await tx.query<{ seq: number | null }>(
      "select max(seq) as seq from roost.step_all where run_id = $1",
      [runId],
    );
    const stepCount = last?.seq ?? 0;
    const seqMax = Math.min(stepCount + 1, runLimits.stepsMax);
    if (!Number.isInteger(fromSeq) || fromSeq < 1 || fromSeq > seqMax) {
      throw new RoostError(
        "invalid_input",
        stepCount === 0
          ? `run ${runId} has recorded no step, so it cannot be forked from step ${fromSeq}: give 1`
          : `run ${runId} cannot be forked from step ${fromSeq}: give one of its steps, 1 to ${stepCount}, or ${seqMax} to keep them all`,
      );
    }
    const [open] = await tx.query<{ seq: number; state: string }>(
      `select seq, state from roost.step_all where run_id = $1 and seq < $2 and state in ('intent', 'waiting') order by seq limit 1`,
      [runId, fromSeq],
    );
    if (open !== undefined)
      throw new RoostError(
        "conflict",
        `step ${open.seq} of run ${runId} has no outcome yet (${open.state}): fork from it, or from an earlier one`,
      );
    const made = asNew(run);
    const goesOn = run.loopVersion === null || (request.loopVersions?.includes(run.loopVersion) ?? true);
    const created = await createRun(tx, {
      ...made,
      ...(await sameStartLimits(tx, run)),
      id: kernel.createId(),
      continues: { forkedFrom: run.id, forkedSeq: fromSeq, loopVersion: goesOn ? run.loopVersion : null },
      input: { ...made.input, ...request.input },
      reason: `fork of run ${run.id} from step ${fromSeq} by ${request.by}: ${request.reason}`.slice(0, 2_000),
    });
    if (goesOn) await copySteps(tx, { fromRunId: run.id, toRunId: created.runId, beforeSeq: fromSeq });
    else await carryOver(tx, created.runId, { ...request, run });
    return created;
  });
}

/** Invariant: carried-over steps are finished reads, with the labels of the last step that they were made of. */
async function carryOver(
  tx: KernelTransaction,
  toRunId: string,
  { run, fromSeq, carryOver: carry }: ForkRequest & { run: Run },
): Promise<void> {
  if (carry === undefined) {
    throw new RoostError(
      "conflict",
      `no program continues the journal of run ${run.id} (loop version ${run.loopVersion})`,
    );
  }
  const before = ["roost.step_all", "where s.run_id = $1 and s.seq < $2 order by s.seq"] as const;
  const steps = await readSteps(tx, before, [run.id, fromSeq]);
  const labels = steps.at(-1)?.labels ?? run.labels;
  const carried = carry(steps).map(({ output, ...step }, index) => ({
    ...step,
    seq: index + 1,
    output: toJsonText(output, { what: "what the fork takes over", bytesMax: runLimits.stepOutputBytesMax }),
  }));
  await tx.query(
    `insert into roost.step (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, output, started_at, ended_at, labels)
     select $1, s.seq, s.name, s.kind, 'readonly', 'done', 1, 0, $1::uuid || ':' || s.seq, $2, null, s.output::jsonb, roost.now(), roost.now(), $3
     from jsonb_to_recordset($4::jsonb) as s(seq integer, name text, kind text, output text)`,
    [toRunId, hashInput(null), labels, JSON.stringify(carried)],
  );
}
