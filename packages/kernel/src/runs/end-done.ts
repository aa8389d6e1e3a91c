/**
 * Runs that end well, and the next ones of the same worker, by end_1: runs that end while a call is in flight go into the next one. finishRun
 * handles what the function does not know (a parent, postconditions).
 */
import type { JsonValue } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { announceClaim, claimValues, withSteps, type ClaimTerms } from "./claim-alone.ts";
import { emitTold, eventOutput, eventReason, type ToldEvent } from "./emit-run-event.ts";
import { toOutcomesJson, type PreparedOutcome } from "./prepare-outcome.ts";
import { toVerbError } from "./lease-lost.ts";
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

export type EndAnswer = "done" | "left";

/** Of a call that takes no run along. */
export const unclaimed: ClaimTerms = { workerId: "00000000-0000-0000-0000-000000000000", queues: [] };

export const endStatement = `
  select ${runColumns("r")}
  from roost.end_1($1::uuid[], $2::bigint[], $3::jsonb, $4::uuid, $5::text[], $6::integer, $7::text[], $8::integer[]) as r`;

/** Ends as end_1 and move_1 take them, each run once, and who takes how many runs along. */
export function toEnds(items: readonly DoneRun[]): { sent: unknown[]; claimer: Claimer | undefined; room: number } {
  const firsts = [...new Map(items.map((item) => [item.owned.runId, item])).values()];
  const claimer = items.find((item) => item.claimer !== undefined)?.claimer;
  return {
    sent: [
      firsts.map((item) => item.owned.runId),
      firsts.map((item) => item.owned.epoch),
      `[${firsts.map(toEnd).join(",")}]`,
    ],
    claimer,
    room: Math.max(0, claimer?.roomAfter(firsts.length) ?? 0),
  };
}

/** The same run twice: its later end was the one that was sent. */
export function toAnswers(items: readonly DoneRun[], missed: ReadonlySet<string>): EndAnswer[] {
  const sent = new Map(items.map((item) => [item.owned.runId, item]));
  return items.map((item) => (missed.has(item.owned.runId) || sent.get(item.owned.runId) !== item ? "left" : "done"));
}

/** One statement is its own transaction. `left`: it was not ended, and the caller checks why. */
export async function endDone(kernel: Kernel, items: readonly DoneRun[]): Promise<EndAnswer[]> {
  const { sent, claimer, room } = toEnds(items);
  const limit = Math.min(room, runLimits.claimMax);
  const rows = await kernel.database
    .query<Run | { [Name in keyof Run]: Run[Name] | null }>(
      endStatement,
      [...sent, ...claimValues(claimer?.terms ?? unclaimed, limit)],
      { name: "roost_run_end" },
    )
    .catch((error: unknown) => {
      throw toVerbError(error);
    });
  const taken: Run[] = [];
  const missed = new Set<string>();
  for (const row of rows) {
    if (row.id === null) kernel.wakeups.wake(`runs:${row.queue}`);
    else if (row.queue === null) missed.add(row.id);
    else taken.push(row as Run);
  }
  const answers = toAnswers(items, missed);
  if (answers.includes("done")) kernel.wakeups.wake("log:runs");
  await handOver(kernel, claimer, taken);
  return answers;
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
  const [row] = await tx.query<{ events: ToldEvent[] | null; queues: string[] | null } & Run>(
    `select to_jsonb(e.events) as events, e.queues, ${runColumns("(e.taken)")}
     from roost.end_one_1($1::uuid, $2::bigint, $3::jsonb, $4::uuid, $5::text[], $6::integer, $7::text[], $8::integer[]) as e`,
    [owned.runId, owned.epoch, toEnd({ outcome, finishing }), ...claimValues(claimer?.terms ?? unclaimed, limit)],
    { name: "roost_run_end_one" },
  );
  const { events, queues, ...taken } = row!;
  if (events === null) return undefined;
  emitTold(tx, events);
  for (const queue of queues ?? []) tx.wake(`runs:${queue}`);
  return taken.id === null ? [] : [taken];
}

/** Hands over what a committed transaction took. Never rejects, as the end stands: after a failure the worker's heartbeats give the runs back. */
export async function handOver(kernel: Kernel, claimer: Claimer | undefined, taken: Run[]): Promise<void> {
  if (claimer === undefined || taken.length === 0) return;
  announceClaim(kernel);
  const runs = await withSteps(kernel, taken).catch((error: unknown) => {
    kernel.logger.error("the steps of claimed runs could not be read: the runs are given back", {
      error,
      runIds: taken.map(({ id }) => id),
    });
    return [];
  });
  claimer.take(runs);
}

/** As end_1 takes it. */
function toEnd({ outcome: { output, reason }, finishing }: Pick<DoneRun, "outcome" | "finishing">): string {
  const text = toJsonText(output, { what: "the output of the run", bytesMax: runLimits.outputBytesMax });
  const told = toJsonText(
    { ...eventOutput(output, text), reason: reason === undefined ? undefined : eventReason(reason) },
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
