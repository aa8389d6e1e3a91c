/** The one statement by which an owner moves its steps: outcomes, the next intent, and what that may spend. The function step_1 does it. */
import { createId } from "@roost/base";
import type { Sql } from "@roost/database";
import type { KernelTransaction } from "../transact.ts";
import { emitTold, type ToldEvent } from "./emit-run-event.ts";
import { toOutcomesJson, type OutcomeJson } from "./prepare-outcome.ts";
import type { PreparedStep } from "./prepare-intent.ts";
import { toVerbError } from "./lease-lost.ts";
import { stepColumns } from "./run-row.ts";
import type { Owned, Step } from "./run.ts";
import { toReservation, type Reservation, type SpendAmounts, type SpendAnswer } from "./spend-answer.ts";

/** The step that begins. */
export interface Intent extends PreparedStep {
  /** What an earlier owner left open becomes this owner's. */
  takesOver: boolean;
  ask: SpendAmounts | undefined;
}

export interface StepMove {
  owned: Owned;
  finishing: readonly OutcomeJson[];
  intent?: Intent | undefined;
}

/** What became of a move. */
export interface MovedSteps {
  answer: "begun" | "recorded" | "held" | "cancelling" | "lost";
  /** Why the end of the run was asked for. */
  reason: string | null;
  /** Of the step that has begun. */
  attempt: number;
  idempotencyKey: string;
  /** The step that stands there. */
  recorded: Step;
  /** Whether an outcome was recorded now, not before. */
  isNew: boolean;
  /** The set of labels of the run after its outcomes. */
  runLabels: number;
  reservation: Reservation | undefined;
}

export interface MoveRow {
  place: number | null;
  answer: MovedSteps["answer"] | "spending" | "taken" | "missed";
  reason: string | null;
  begunAttempt: number;
  begunKey: string;
  spending: SpendAnswer;
  isNew: boolean;
  runLabels: number;
  events: ToldEvent[] | null;
}

/** Of rows `m` of step_1 and move_1. */
export const moveColumns = `m.place, m.answer, m.reason, m.attempt as "begunAttempt", m.key as "begunKey", m.spending, m.is_new as "isNew", m.labels as "runLabels",
    to_jsonb(m.events) as events, ${stepColumns("(m.recorded)")}`;
export const moveStatement = `
  select ${moveColumns}
  from roost.step_1($1::uuid[], $2::bigint[], $3::jsonb, $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb, $10::boolean[], $11::jsonb, $12) as m`;

/** As step_1 and move_1 take them. */
export function moveValues(moves: readonly StepMove[]): unknown[] {
  const requests = moves.map(({ intent }) => intent?.request);
  return [
    moves.map(({ owned }) => owned.runId),
    moves.map(({ owned }) => owned.epoch),
    `[${moves.map(({ finishing }) => toOutcomesJson(finishing)).join(",")}]`,
    requests.map((request) => request?.seq ?? null),
    requests.map((request) => request?.name ?? null),
    requests.map((request) => request?.kind ?? null),
    requests.map((request) => request?.effect ?? null),
    moves.map(({ intent }) => intent?.inputHash ?? null),
    `[${moves.map(({ intent }) => intent?.inputText ?? "null").join(",")}]`,
    moves.map(({ intent }) => intent?.takesOver ?? false),
    JSON.stringify(moves.map(({ intent }) => toAsk(intent?.ask))),
  ];
}

function toAsk(ask: SpendAmounts | undefined): object | null {
  return ask === undefined ? null : { id: createId(), usd: ask.usd.toFixed(9), tokens: ask.tokens };
}

/** Answers in the order of the moves. @throws RoostError `conflict`: a step was never begun, or ended differently before */
export async function moveSteps(sql: Sql, moves: readonly StepMove[]): Promise<MovedSteps[]> {
  const rows = await send(sql, moves, { appends: true });
  return moves.map((move, index) => answerOf(rows, move, index + 1));
}

/** As moveSteps for one run, in a transaction that writes more: the events are emitted with its others. */
export async function moveStepsIn(tx: KernelTransaction, move: StepMove): Promise<MovedSteps> {
  const rows = await send(tx, [move], { appends: false });
  emitTold(tx, rows[0]!.events ?? []);
  return answerOf(rows, move, 1);
}

/** `appends`: the function appends its events itself, last. */
async function send(
  sql: Sql,
  moves: readonly StepMove[],
  { appends }: { appends: boolean },
): Promise<(MoveRow & Step)[]> {
  try {
    return await sql.query<MoveRow & Step>(moveStatement, [...moveValues(moves), appends], { name: "roost_step_move" });
  } catch (error) {
    throw toVerbError(error);
  }
}

export function answerOf(rows: readonly (MoveRow & Step)[], { owned }: StepMove, place: number): MovedSteps {
  const own = rows.filter((row) => row.place === place);
  const { answer, reason, begunAttempt, begunKey, isNew, runLabels, ...recorded } = own[0]!;
  const spending = own[1]?.spending;
  return {
    answer: answer as MovedSteps["answer"],
    reason,
    attempt: begunAttempt,
    idempotencyKey: begunKey,
    recorded,
    isNew,
    runLabels,
    reservation: spending === undefined ? undefined : toReservation(owned, spending),
  };
}

/** Thrown inside a transaction to take it back: its outcomes were recorded before, after which nothing is written alongside. */
export const repeated = new Error("the outcome was recorded before");
