/** Runs: list, show, watch, cancel, retry, fork, replay and resolve. */
import { RoostError, type JsonObject, type JsonValue } from "@roost/base";
import { numberPlace, placeOf, readPage, serve, type Served, toPage, uuidPlace } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import {
  cancelRun,
  forkRun,
  getRun,
  listRuns,
  listSteps,
  listStepSpans,
  listWaits,
  readStartLimits,
  readSpendBelow,
  resolveStep,
  retryRun,
  type Kernel,
  type Run,
} from "@roost/kernel";
import { carryOverJournal, loopVersions } from "@roost/worker/journal";
import { iso, isoOrNull } from "../records/iso.ts";
import { readLocksOfRuns } from "../records/read-locks-of-runs.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { isPerson } from "../security/told-to.ts";
import { toRunRecord, toRunSummary } from "../records/to-run-summary.ts";
import { toStepRecord } from "../records/to-step.ts";
import { toStartLimitWaitRecord, toWaitRecord } from "../records/to-wait.ts";
import type { Replays } from "../replays/open-replays.ts";
import { explainRun } from "./explain-run.ts";
import { watchRun } from "./watch-run.ts";

export function serveRuns({ kernel, replays }: { kernel: Kernel; replays: Replays }): Served[] {
  return [
    ...serveReading(kernel),
    serveSpans(kernel),
    ...serveChanging(kernel),
    serve(operations.replayRun, async ({ runId, fromSeq }, { signal }) => {
      // No process is started for a run that does not exist.
      const run = await getRun(kernel.database, requireUuid("run", runId));
      return replays.replay({ runId: run.id, fromSeq }, { signal });
    }),
    serve(operations.watchRun, watchRun(kernel)),
    serve(operations.explainRun, explainRun(kernel)),
  ];
}

function serveReading(kernel: Kernel): Served[] {
  return [
    serve(operations.listRuns, async ({ ids, state, jobId, sessionKey, sessionKind, parentRunId, after, limit }) => {
      const read = {
        ids: ids?.map((id) => requireUuid("run", id)),
        states: state,
        jobId,
        sessionKey,
        sessionKind,
        parentRunId: parentRunId === undefined ? undefined : requireUuid("run", parentRunId),
        after: placeOf(uuidPlace, after),
      };
      const { rows, next } = await readPage(
        limit,
        (most) => listRuns(kernel, { ...read, limit: most }),
        ({ id }) => id,
      );
      return toPage(rows.map(toRunSummary), next);
    }),

    serve(operations.getRun, async ({ runId, limit, after }) => {
      const run = await getRun(kernel.database, requireUuid("run", runId));
      const [steps, waits, locks, startLimits, below] = await Promise.all([
        readPage(
          limit,
          (most) => listSteps(kernel.database, runId, { limit: most, after: placeOf(numberPlace, after) }),
          ({ seq }) => seq,
        ),
        listWaits(kernel.database, runId),
        readLocksOfRuns(kernel),
        readStartLimits(kernel.database, startLimitsOf(run)),
        readSpendBelow(kernel.database, runId),
      ]);
      return {
        run: toRunRecord(run),
        steps: toPage(steps.rows.map(toStepRecord), steps.next),
        waits: [
          ...waits.filter((wait) => wait.resolvedAt === null).map(toWaitRecord),
          ...[...startLimits.values()].map(toStartLimitWaitRecord),
        ],
        holds: locks.get(runId) ?? [],
        below: { runCount: below.runCount, costUsd: below.costUsd, tokens: below.tokens },
      };
    }),
  ];
}

/** The start limit at which it waits. */
function startLimitsOf({ waitingFor, slot, rate }: Run): string[] {
  return [waitingFor === "slot" ? slot : waitingFor === "rate" ? rate : null].filter(
    (startLimit) => startLimit !== null,
  );
}

function serveSpans(kernel: Kernel): Served {
  return serve(operations.readStepSpans, async ({ runIds }) => {
    const ids = runIds.map((id) => requireUuid("run", id));
    const spans = await listStepSpans(kernel.database, ids, { perRunMax: operations.spansPerRunMax });
    return {
      items: spans.map(({ startedAt, endedAt, ...span }) => ({
        ...span,
        startedAt: iso(startedAt),
        endedAt: isoOrNull(endedAt),
      })),
    };
  });
}

function serveChanging(kernel: Kernel): Served[] {
  const summaryOf = async (runId: string) => toRunSummary(await getRun(kernel.database, runId));
  return [
    serve(operations.cancelRun, async ({ runId, reason }, { principal }) => {
      requireUuid("run", runId);
      const { outcome } = await cancelRun(kernel, { runId, reason: reason ?? "asked for", by: principal.id });
      return { outcome, run: await summaryOf(runId) };
    }),

    serve(operations.retryRun, async ({ runId, reason, budget }, { principal }) => {
      if (budget !== undefined && !isPerson(principal))
        throw new RoostError("forbidden", `${principal.id} may not change what a run may spend: a person does`);
      const created = await retryRun(kernel, {
        budget,
        runId: requireUuid("run", runId),
        reason: reason ?? "asked for",
        by: principal.id,
      });
      return { run: await summaryOf(created.runId) };
    }),

    serve(operations.forkRun, async ({ runId, fromSeq, input, reason }, { principal }) => {
      if (input !== undefined && !isPerson(principal))
        throw new RoostError("forbidden", `${principal.id} may not change what a run was asked: a person does`);
      const created = await forkRun(kernel, {
        runId: requireUuid("run", runId),
        fromSeq,
        reason: reason ?? "asked for",
        by: principal.id,
        input: input as JsonObject | undefined,
        loopVersions,
        carryOver: carryOverJournal,
      });
      return { run: await summaryOf(created.runId) };
    }),

    serve(operations.resolveStep, async ({ runId, seq, outcome, note, output }, { principal }) => {
      const step = await resolveStep(kernel, {
        runId: requireUuid("run", runId),
        seq,
        outcome,
        note: note ?? "",
        by: principal.id,
        output: output as JsonValue | undefined,
      });
      return { step: toStepRecord(step), run: await summaryOf(runId) };
    }),
  ];
}
