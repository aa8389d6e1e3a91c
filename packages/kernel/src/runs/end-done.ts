/**
 * Runs that end well, and the next ones of the same worker, by end_1: runs that end while a call is in flight go into the next one. finishRun
 * handles what the function does not know (a parent, postconditions).
 */
import type { JsonObject, JsonValue } from "@roost/base";
import type { BatchOutcome } from "../batches/create-batches.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { announceClaim, claimValues, withSteps, type ClaimTerms } from "./claim-runs.ts";
import { eventOutput, eventReason } from "./emit-run-event.ts";
import type { PreparedOutcome } from "./finish-step.ts";
import { toVerbError } from "./lease-lost.ts";
import { toOutcomesJson } from "./move-steps.ts";
import { runColumns } from "./run-table.ts";
import { runLimits, type ClaimedRun, type Owned, type Run } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

/** A worker that takes the next runs in the call that ends one. */
export interface Claimer {
  terms: ClaimTerms;
  /** How many runs it can take after this many of its own have ended. */
  roomAfter(endedCount: number): number;
  /** Called with the claimed runs, before the ends are reported. Its promise is not awaited. */
  take(runs: ClaimedRun[]): void;
}

export interface DoneRun {
  owned: Owned;
  outcome: { output?: JsonValue; reason?: string };
  finishing: PreparedOutcome[];
  claimer: Claimer | undefined;
}

const nobody: ClaimTerms = { workerId: "00000000-0000-0000-0000-000000000000", queues: [] };

export const endStatement = `
  select ${runColumns("r")}
  from roost.end_1($1::uuid[], $2::bigint[], $3::jsonb, $4::uuid, $5::text[], $6::integer, $7::text[], $8::integer[]) as r`;

/** One statement is its own transaction. `left`: it was not ended, and the caller checks why. */
export async function endDone(kernel: Kernel, items: DoneRun[]): Promise<BatchOutcome<"done" | "left">[]> {
  const firsts = [...new Map(items.map((item) => [item.owned.runId, item])).values()];
  const claimer = items.find((item) => item.claimer !== undefined)?.claimer;
  const room = claimer?.roomAfter(firsts.length) ?? 0;
  const limit = Math.max(0, Math.min(room, runLimits.claimMax));
  const rows = await kernel.database
    .query<Run | { [Name in keyof Run]: Run[Name] | null }>(
      endStatement,
      [
        firsts.map((item) => item.owned.runId),
        firsts.map((item) => item.owned.epoch),
        `[${firsts.map(toEnd).join(",")}]`,
        ...claimValues(claimer?.terms ?? nobody, limit),
      ],
      { name: "roost_run_end" },
    )
    .catch((error: unknown) => {
      throw toVerbError(error);
    });
  const taken: Run[] = [];
  const left = new Set<string>();
  for (const row of rows) {
    if (row.id === null) kernel.wakeups.wake(`runs:${row.queue}`);
    else if (row.queue === null) left.add(row.id);
    else taken.push(row as Run);
  }
  if (left.size < firsts.length) kernel.wakeups.wake("log:runs");
  await handOver(kernel, claimer, taken);
  return items.map((item) => ({
    // The same run twice: its later end was the one that was sent.
    value: left.has(item.owned.runId) || !firsts.includes(item) ? "left" : "done",
  }));
}

interface EndedOne {
  runs: string[];
  ids: string[];
  types: string[] | null;
  causations: string[];
  payloads: JsonObject[];
  eventLabels: number[];
  correlations: string[];
  traceparents: (string | null)[];
  queues: string[] | null;
}

/**
 * Ends a run as done in a transaction that writes more, and takes the next one: the events are emitted with the others of the transaction.
 * Undefined: it was not ended, and nothing was written. Else what was taken, to be handed to the claimer after the commit.
 */
export async function endDoneIn(
  tx: KernelTransaction,
  { owned, outcome, finishing, claimer }: DoneRun,
): Promise<Run[] | undefined> {
  const limit = Math.min(1, claimer?.roomAfter(1) ?? 0);
  const [row] = await tx.query<EndedOne & Run>(
    `select e.runs, e.ids, e.types, e.causations, e.payloads, e.labels as "eventLabels", e.correlations, e.traceparents, e.queues, ${runColumns("(e.taken)")}
     from roost.end_one_1($1::uuid, $2::bigint, $3::jsonb, $4::uuid, $5::text[], $6::integer, $7::text[], $8::integer[]) as e`,
    [owned.runId, owned.epoch, toEnd({ outcome, finishing }), ...claimValues(claimer?.terms ?? nobody, limit)],
    { name: "roost_run_end_one" },
  );
  const { runs, ids, types, causations, payloads, eventLabels, correlations, traceparents, queues, ...taken } = row!;
  if (types === null) return undefined;
  for (const [index, type] of types.entries()) {
    const traceparent = traceparents[index];
    tx.emit({
      id: ids[index]!,
      type,
      subject: runs[index]!,
      data: payloads[index]!,
      correlation: correlations[index]!,
      causation: causations[index]!,
      labelSet: eventLabels[index]!,
      ...(traceparent == null ? {} : { traceparent }),
    });
  }
  for (const queue of queues ?? []) tx.wake(`runs:${queue}`);
  return taken.id === null ? [] : [taken];
}

/** Hands over what was taken in a transaction that is committed. */
export async function handOver(kernel: Kernel, claimer: Claimer | undefined, taken: Run[]): Promise<void> {
  if (claimer === undefined || taken.length === 0) return;
  announceClaim(kernel);
  claimer.take(await withSteps(kernel, taken));
}

/** As end_1 takes it. */
function toEnd({ outcome: { output, reason }, finishing }: Pick<DoneRun, "outcome" | "finishing">): string {
  const text = toJsonText(output, { what: "the output of the run", bytesMax: runLimits.outputBytesMax });
  const told = toJsonText(
    { ...eventOutput(output, text), ...(reason === undefined ? {} : { reason: eventReason(reason) }) },
    { what: "the event of the run", bytesMax: runLimits.outputBytesMax },
  );
  return (
    [
      `{"told":${told}`,
      ...(text === "null" ? [] : [`"output":${text}`]),
      ...(finishing.length === 0 ? [] : [`"outcomes":${toOutcomesJson(finishing)}`]),
    ].join(",") + "}"
  );
}
