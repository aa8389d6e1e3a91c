/** A client: does the operations of its plan one after the other; in the end it answers what is asked, so that every run can end. */
import { defineJob, pauseJob, resumeJob, runJobNow } from "@roost/jobs";
import {
  acquireLock,
  answerQuestion,
  beginOnce,
  cancelRun,
  createRun,
  failOnce,
  finishOnce,
  isLeaseLost,
  listQuestions,
  releaseLock,
  rememberResult,
  resolveStep,
  retryRun,
  sweepFinishedRuns,
  type NewRun,
  type Question,
} from "@roost/kernel";
import { RoostError } from "@roost/base";
import { cronJob, jobDefinition, jobId } from "./job-definition.ts";
import type { PlannedOperation, OperationName } from "./plan.ts";
import { scriptOf } from "./run-script.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { isUnavailable } from "./simulated-process.ts";

const leaseMs = 20_000;
const lockNames = ["lock a", "lock b"];
const onceKeys = 12;
const keys = 8;
/** In which a scheduler looks at what is due. */
const idleTurns = 12;

export async function clientActor(
  process: SimulatedProcess,
  { operations, jobCount }: { operations: PlannedOperation[]; jobCount: number },
): Promise<void> {
  const { surroundings } = process;
  while (surroundings.phase === "chaos") {
    await process.idle();
    // Done when it is begun: who dies in the middle does not come back to it.
    const operation = operations.shift();
    if (operation !== undefined) await carryOut(process, operation, jobCount);
  }
  for (let number = 0; number < jobCount; number += 1) await pause(process, number);
  for (;;) {
    await process.idle();
    if (surroundings.phase === "rest") continue;
    if (process.random.chance(0.5)) await answerOne(process, process.random.below(1_000));
    if (process.random.chance(0.1)) await process.insist(() => process.kernel.append([notice(process)]));
  }
}

async function carryOut(
  process: SimulatedProcess,
  { name, number }: PlannedOperation,
  jobCount: number,
): Promise<void> {
  const perform: Record<OperationName, () => Promise<unknown>> = {
    create: () => create(process, number),
    "create keyed": () => createKeyed(process, number),
    append: () => append(process, number),
    lock: () => lock(process, number),
    once: () => once(process, number),
    cancel: () => cancel(process, number),
    answer: () => answerOne(process, number),
    retry: () => retry(process, number),
    // Mostly the same job under the same key: it is to make one run.
    "run job": () => ofJob(jobCount, number % 5 === 0 ? number : 0, (job) => runNow(process, job, number)),
    "pause job": () => ofJob(jobCount, number, (job) => pauseForAWhile(process, job)),
    "change job": () => ofJob(jobCount, number, (job) => changeJob(process, job, number)),
    "turn back": () => turnBack(process, jobCount, number),
    sweep: () => sweepFinishedRuns(process.kernel, { keepMs: 30_000 }),
  };
  try {
    await perform[name]();
  } catch (error) {
    // Whether it happened or not: the caller does not ask again.
    if (!isUnavailable(error)) throw error;
  }
}

function toNewRun(number: number): NewRun {
  const script = scriptOf(number);
  return {
    reason: "a simulated client",
    input: { number },
    agent: script.agent,
    priority: script.priority,
    retry: { attemptsMax: script.attemptsMax, backoffMs: 5_000 },
    serialKey: script.serialKey,
    concurrency: script.concurrency,
    rateLimit: script.rateLimit,
    timeoutMs: script.timeoutMs,
    budget: script.usdMax === undefined ? undefined : { usdMax: script.usdMax },
  };
}

async function create({ kernel, surroundings }: SimulatedProcess, number: number): Promise<void> {
  const { runId } = await kernel.transact((tx) => createRun(tx, toNewRun(number)));
  surroundings.history.created.set(runId, "");
}

/** Asked again until it is answered, under one key: so one run comes of it, however often it is asked. */
async function createKeyed(process: SimulatedProcess, number: number): Promise<void> {
  const { kernel, surroundings } = process;
  const key = `key ${number % keys}`;
  const options = { scope: "simulation", key, keepMs: 24 * 3_600_000 };
  const { result } = await process.insist(() =>
    kernel.transact((tx) =>
      rememberResult(tx, options, async () => {
        const run = toNewRun(number);
        const { runId } = await createRun(tx, { ...run, title: key });
        return { runId };
      }),
    ),
  );
  surroundings.history.created.set(result.runId, key);
}

function notice(process: SimulatedProcess) {
  const id = process.kernel.createId();
  return {
    id,
    type: "notice.raised",
    subject: `n${process.random.below(6)}`,
    data: { noticeId: id, level: "info", text: "hello" },
  };
}

async function append(process: SimulatedProcess, number: number): Promise<void> {
  const drafts = Array.from({ length: 1 + (number % 3) }, () => notice(process));
  const positions =
    number % 2 === 0
      ? await process.kernel.append(drafts)
      : await process.kernel.transact(async (tx) => drafts.map((draft) => ({ id: tx.emit(draft) })));
  for (const { id } of positions) process.surroundings.history.appended.add(id);
}

async function lock(process: SimulatedProcess, number: number): Promise<void> {
  const { kernel, surroundings } = process;
  const request = { name: lockNames[number % lockNames.length]!, holder: process.name, ttlMs: leaseMs };
  const answer = await process.insist(() => acquireLock(kernel, request));
  if (!answer.acquired) return;
  surroundings.history.locks.push({ name: answer.name, holder: process.name, epoch: answer.epoch });
  for (let turn = 0; turn < number % 5; turn += 1) await process.idle();
  await process.insist(() => releaseLock(kernel, { name: answer.name, holder: process.name, epoch: answer.epoch }));
}

async function once(process: SimulatedProcess, number: number): Promise<void> {
  const { kernel, surroundings } = process;
  const name = { scope: "simulation", key: `effect ${number % onceKeys}` };
  // Not asked again when the answer is lost: another asking under the same name would not be this one.
  const answer = await beginOnce(kernel, { ...name, holder: process.name, ttlMs: leaseMs });
  if (answer.token === null) return;
  const outcome = { ...name, token: answer.token };
  try {
    if (number % 7 === 0) {
      await process.insist(() => failOnce(kernel, outcome));
      return;
    }
    try {
      await process.touch("perform once", () => surroundings.world.perform(`once:${name.key}`, { isKeyed: false }));
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await process.insist(() => failOnce(kernel, { ...outcome, isUnknown: true }));
      return;
    }
    await process.insist(() => finishOnce(kernel, outcome));
    surroundings.history.doneOnce.add(name.key);
  } catch (error) {
    if (!isLeaseLost(error)) throw error;
  }
}

async function cancel({ kernel, surroundings }: SimulatedProcess, number: number): Promise<void> {
  const runId = [...surroundings.history.created.keys()][number % Math.max(1, surroundings.history.created.size)];
  if (runId !== undefined)
    await ignoring(["not_found"], cancelRun(kernel, { runId, reason: "by chance", by: "a client" }));
}

async function retry({ kernel, surroundings }: SimulatedProcess, number: number): Promise<void> {
  const runId = [...surroundings.history.ended.keys()][number % Math.max(1, surroundings.history.ended.size)];
  if (runId !== undefined)
    await ignoring(["conflict"], retryRun(kernel, { runId, reason: "once more", by: "a client" }));
}

/** A person answers, and knows what really happened. */
async function answerOne(process: SimulatedProcess, number: number): Promise<void> {
  const questions = await process.insist(() => listQuestions(process.kernel, { states: ["open"] }));
  const question = questions[number % Math.max(1, questions.length)];
  if (question === undefined) return;
  await ignoring(["conflict", "unavailable"], answer(process, question));
}

async function answer({ kernel, surroundings }: SimulatedProcess, question: Question): Promise<unknown> {
  const { runId, seq } = question;
  if (question.kind !== "resolution")
    return answerQuestion(kernel, { questionId: question.id, answer: "yes", by: "a person" });
  const [step] = await kernel.database.query<{ key: string }>(
    "select idempotency_key as key from roost.step where run_id = $1 and seq = $2",
    [runId, seq],
  );
  const outcome = surroundings.world.countOf(step?.key ?? "") > 0 ? "done" : "not_done";
  if (outcome === "not_done" && step !== undefined) surroundings.world.allowAgain(step.key);
  return resolveStep(kernel, { runId, seq, outcome, note: "I looked", by: "a person" });
}

async function ofJob(jobCount: number, number: number, work: (job: number) => Promise<unknown>): Promise<void> {
  if (jobCount > 0) await work(number % jobCount);
}

async function runNow(process: SimulatedProcess, job: number, number: number): Promise<void> {
  const { kernel, surroundings } = process;
  const idempotencyKey = number % 4 === 0 ? `now ${number}` : "now";
  const { tick } = await process.insist(() => runJobNow(kernel, jobId(job), { by: "a client", idempotencyKey }));
  surroundings.history.noteManualTick(`${jobId(job)} ${idempotencyKey}`, tick.runId ?? tick.outcome);
}

async function pause(process: SimulatedProcess, job: number): Promise<void> {
  await process.insist(() => pauseJob(process.kernel, jobId(job), { by: "a client" }));
}

async function pauseForAWhile(process: SimulatedProcess, job: number): Promise<void> {
  await pause(process, job);
  await process.idle();
  await process.insist(() => resumeJob(process.kernel, jobId(job), { by: "a client" }));
}

async function changeJob(process: SimulatedProcess, job: number, number: number): Promise<void> {
  await process.insist(() => defineJob(process.kernel, jobDefinition(job, number), { by: "a client" }));
}

/**
 * The clock runs ahead, is set back behind moments that have had their ticks by then, and the schedule is written anew: they come due once
 * more.
 */
async function turnBack(process: SimulatedProcess, jobCount: number, number: number): Promise<void> {
  if (jobCount <= cronJob.number) return;
  const { clock } = process.surroundings;
  const aheadMs = cronJob.everyMs + (number % cronJob.everyMs);
  const moveAndWait = async (ms: number) => {
    await process.touch("the clock is set", () => clock.move(ms));
    for (let turn = 0; turn < idleTurns; turn += 1) await process.idle();
  };
  await moveAndWait(aheadMs);
  await process.touch("the clock is set", () => clock.move(-aheadMs));
  // Both ways of writing it: one of them is a change.
  for (const version of [number, number + 1]) await changeJob(process, cronJob.number, version);
  await moveAndWait(aheadMs);
}

async function ignoring(codes: string[], work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof RoostError && codes.includes(error.code))) throw error;
  }
}
