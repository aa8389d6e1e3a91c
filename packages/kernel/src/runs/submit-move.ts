/**
 * Steps, ends and claims of this process that wait for each other's commit go together in one statement and one commit: each would hold the heads
 * of the log until it is on disk.
 */
import { toRoostError } from "@roost/base";
import type { BatchOutcome } from "../batches/create-batches.ts";
import type { Kernel } from "../open-kernel.ts";
import { announceClaim, claimAlone, claimValues, type Claim } from "./claim-alone.ts";
import { endDone, handOver, toAnswers, toEnds, unclaimed, type DoneRun, type EndAnswer } from "./end-done.ts";
import { toVerbError } from "./lease-lost.ts";
import {
  answerOf,
  moveColumns,
  moveSteps,
  moveValues,
  type MovedSteps,
  type MoveRow,
  type StepMove,
} from "./move-steps.ts";
import { runColumns } from "./run-table.ts";
import { runLimits, type Run, type Step } from "./run.ts";

/** `end`: "left" when it was not ended, and the caller checks why. `claim`: runs without their steps. */
type Move = { step: StepMove } | { end: DoneRun } | { claim: Claim };
type AnswerOf<Of> = Of extends { step: StepMove } ? MovedSteps : Of extends { end: DoneRun } ? EndAnswer : Run[];
type MoveAnswer = AnswerOf<Move>;

/** Moves a run, together with what waits. A claim that goes with other moves finds nothing for a worker that is not registered. */
export async function submitMove<Of extends Move>(kernel: Kernel, move: Of): Promise<AnswerOf<Of>> {
  const answer = await kernel.batches.submit("move", move, (moves: Move[]) => moveRuns(kernel, moves));
  return answer as AnswerOf<Of>;
}

async function moveRuns(kernel: Kernel, moves: Move[]): Promise<BatchOutcome<MoveAnswer>[]> {
  const steps = moves.flatMap((move) => ("step" in move ? [move.step] : []));
  const ends = moves.flatMap((move) => ("end" in move ? [move.end] : []));
  const claims = moves.flatMap((move) => ("claim" in move ? [move.claim] : []));
  const isMixed = [steps, ends, claims].filter((each) => each.length > 0).length > 1;
  // Claims of several workers in one process: only tests have them.
  const alone = isMixed ? claims.slice(1) : claims;
  const [together, ...others] = await Promise.all([
    isMixed ? moveTogether(kernel, { steps, ends, claim: claims[0] }) : moveAlike(kernel, { steps, ends }),
    ...alone.map((each) => outcomeOf(claimAlone(kernel, each))),
  ]);
  const answers = { step: together.steps, end: together.ends, claim: [...together.claim, ...others] };
  return moves.map((move) => answers[Object.keys(move)[0] as "step" | "end" | "claim"].shift()!);
}

interface Answers {
  steps: BatchOutcome<MovedSteps>[];
  ends: BatchOutcome<EndAnswer>[];
  claim: BatchOutcome<Run[]>[];
}

async function moveAlike(kernel: Kernel, { steps, ends }: { steps: StepMove[]; ends: DoneRun[] }): Promise<Answers> {
  const moved = steps.length === 0 ? [] : await moveSteps(kernel.database, steps);
  if (steps.some((step, index) => isTold(step, moved[index]!))) kernel.wakeups.wake("log:runs", { isPatient: true });
  const ended = ends.length === 0 ? [] : await endDone(kernel, ends);
  return { steps: moved.map((value) => ({ value })), ends: ended.map((value) => ({ value })), claim: [] };
}

const togetherStatement = `
  select ${moveColumns}, ${runColumns("(m.run)", "run_")}
  from roost.move_1($1::uuid[], $2::bigint[], $3::jsonb, $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb, $10::boolean[], $11::jsonb,
    $12::uuid[], $13::bigint[], $14::jsonb, $15::uuid, $16::text[], $17::integer, $18::text[], $19::integer[]) as m`;

async function moveTogether(
  kernel: Kernel,
  { steps, ends, claim }: { steps: StepMove[]; ends: DoneRun[]; claim: Claim | undefined },
): Promise<Answers> {
  const { sent, claimer, room } = toEnds(ends);
  const terms = claim ?? claimer?.terms ?? unclaimed;
  const ownRoom = claim?.limit ?? 0;
  const limit = Math.min(runLimits.claimMax, ownRoom + (claimer?.terms.workerId === terms.workerId ? room : 0));
  const rows = await kernel.database
    .query<MoveRow & Step & Record<string, unknown>>(
      togetherStatement,
      [...moveValues(steps), ...sent, ...claimValues(terms, limit)],
      { name: "roost_run_move" },
    )
    .catch((error: unknown) => {
      throw toVerbError(error);
    });
  const moved = steps.map((step, index) => answerOf(rows, step, index + 1));
  const missed = new Set(rows.filter(({ answer }) => answer === "missed").map(({ begunKey }) => begunKey));
  const taken = rows.filter(({ answer }) => answer === "taken").map(toRun);
  const ended = toAnswers(ends, missed);
  const isEnd = ended.includes("done");
  if (isEnd || steps.some((step, index) => isTold(step, moved[index]!)))
    kernel.wakeups.wake("log:runs", { isPatient: !isEnd });
  const own = taken.splice(0, ownRoom);
  if (own.length > 0) announceClaim(kernel);
  await handOver(kernel, claimer, taken);
  return {
    steps: moved.map((value) => ({ value })),
    ends: ended.map((value) => ({ value })),
    claim: claim === undefined ? [] : [{ value: own }],
  };
}

function toRun(row: Record<string, unknown>): Run {
  const own = Object.entries(row).filter(([name]) => name.startsWith("run_"));
  return Object.fromEntries(own.map(([name, value]) => [name.slice("run_".length), value])) as unknown as Run;
}

/** Whether it appended an event. */
function isTold({ intent }: StepMove, { isNew, answer }: MovedSteps): boolean {
  return isNew || (answer === "begun" && intent?.request.effect !== "readonly");
}

function outcomeOf<T>(work: Promise<T>): Promise<BatchOutcome<T>> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error: toRoostError(error) }),
  );
}
