/**
 * A random program of everything that happens to runs: workers that work, crash, hang and come back as zombies, answers that get
 * lost, cancels, waits, children, time. It knows what each operation may come to and counts the effects that were performed.
 */
import assert from "node:assert/strict";
import type { Kernel } from "../open-kernel.ts";
import { reserveSpend } from "../budgets/reserve-spend.ts";
import { admitDueRates, admitToFreeSlots } from "../runs/admit-runs.ts";
import { answerQuestion } from "../runs/answer-question.ts";
import { beginStep, restartStep, type StepRequest } from "../runs/begin-step.ts";
import { cancelRun } from "../runs/cancel-run.ts";
import { claimRuns } from "../runs/claim-runs.ts";
import { createRun } from "../runs/create-run.ts";
import { deliverEventWaits } from "../runs/event-waits.ts";
import { failOverdueRuns } from "../runs/fail-overdue-runs.ts";
import { finishRun } from "../runs/finish-run.ts";
import { finishStep, type StepOutcome } from "../runs/finish-step.ts";
import { isLeaseLost } from "../runs/lease-lost.ts";
import { listQuestions } from "../runs/list-runs.ts";
import { promoteDueRuns } from "../runs/promote-due-runs.ts";
import { promoteFreeLanes } from "../runs/promote-lanes.ts";
import { resolveStep } from "../runs/resolve-step.ts";
import { retryRun } from "../runs/retry-run.ts";
import type { Effect, Owned, WaitRequest } from "../runs/run.ts";
import { sweepFinishedRuns } from "../runs/sweep-finished-runs.ts";
import { waitInRun } from "../runs/wait-in-run.ts";
import { reapWorkers } from "../workers/reap-workers.ts";
import type { WorkerRegistration } from "../workers/register-worker.ts";
import { joinWorker, killConnection } from "./drive-runs.ts";
import type { TestClock } from "./test-clock.ts";

export const operationNames = [
  "create",
  "claim",
  "act",
  "cancel",
  "kill",
  "hang",
  "advance",
  "pass",
  "answer",
  "emit",
  "retry",
  "sweep",
] as const;

export interface Operation {
  name: (typeof operationNames)[number];
  /** Picks what it is done to, and how. */
  a: number;
  b: number;
}

interface Pending {
  seq: number;
  key: string;
  effect: Effect;
  isExecuted: boolean;
}

interface Holding {
  owned: Owned;
  number: number;
  nextSeq: number;
  pending: Pending | undefined;
  /** Somebody acts on it: a run's owner does one thing after the other. */
  isBusy: boolean;
}

interface Member {
  kernel: Kernel;
  registration: WorkerRegistration;
  holdings: Holding[];
  isHung: boolean;
}

const effects: Effect[] = ["unsafe", "idempotent", "readonly"];
const workerTtlMs = 60_000;

export class RunProgram {
  /** How often each effect was performed, by idempotency key. */
  readonly performed = new Map<string, { effect: Effect; count: number }>();
  readonly #kernels: Kernel[];
  readonly #clock: TestClock;
  readonly #isExclusive: boolean;
  readonly #members: (Member | undefined)[];
  readonly #runIds: string[] = [];
  /** A moment that some programs reach early and some late. */
  readonly #soon = new Date(Date.now() + 120_000);

  /** `isExclusive`: nothing else happens meanwhile, so the outcome of each operation can be told beforehand. */
  constructor(options: { kernels: Kernel[]; clock: TestClock; isExclusive: boolean; workerCount?: number }) {
    this.#kernels = options.kernels;
    this.#clock = options.clock;
    this.#isExclusive = options.isExclusive;
    this.#members = Array.from({ length: options.workerCount ?? 3 }, () => undefined);
  }

  async apply({ name, a, b }: Operation): Promise<void> {
    const kernel = this.#kernels[a % this.#kernels.length]!;
    switch (name) {
      case "create":
        return this.#create(kernel, a, b);
      case "claim":
        return this.#claim(a, b);
      case "act":
        return this.#act(a, b);
      case "cancel":
        return this.#cancel(kernel, b);
      case "kill":
        return this.#kill(a);
      case "hang":
        return void ((await this.#member(a)).isHung = true);
      case "advance":
        return this.#advance(20_000);
      case "pass":
        return this.#pass(kernel);
      case "answer":
        return this.#answer(kernel, b);
      case "emit":
        return this.#emit(kernel);
      case "retry":
        return this.#retry(kernel, b);
      case "sweep":
        return void (await sweepFinishedRuns(kernel, { keepMs: 30_000 }));
    }
  }

  /** Works until nothing is left to do; fails when runs remain. */
  async drain(): Promise<void> {
    const [kernel] = this.#kernels;
    for (let round = 0; round < 200; round += 1) {
      const [left] = await kernel!.database.query<{ count: number }>(
        "select count(*) from roost.run where ended_at is null",
      );
      if (left!.count === 0) return;
      for (let slot = 0; slot < this.#members.length; slot += 1) {
        const member = await this.#member(slot);
        if (member.isHung) await this.#kill(slot);
        await this.#claim(slot, 3);
        while ((this.#members[slot]?.holdings.length ?? 0) > 0) await this.#act(slot, 2);
      }
      while ((await listQuestions(kernel!, { states: ["open"], limit: 1 })).length > 0) await this.#answer(kernel!, 0);
      await this.#emit(kernel!);
      await this.#advance(50_000);
      await this.#pass(kernel!);
    }
    const stuck = await kernel!.database.query(
      "select id, state, waiting_for, lane, lane_held, attempt, stall_count, wake_at from roost.run where ended_at is null",
    );
    assert.fail(`runs never end: ${JSON.stringify(stuck)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.#members) await member?.registration.release();
  }

  async #create(kernel: Kernel, a: number, b: number): Promise<void> {
    const lane = [undefined, "lane a", "lane b"][a % 3];
    const created = await kernel.transact((tx) =>
      createRun(tx, {
        reason: "a random program",
        input: { number: b },
        agent: `agent-${b % 2}`,
        priority: a % 4,
        retry: { attemptsMax: 1 + (b % 3), backoffMs: 5_000 },
        ...(lane === undefined ? {} : { lane }),
        ...(b % 3 === 1 ? { concurrency: { key: "a key", max: 2 } } : {}),
        ...(b % 4 === 1 ? { rateLimit: { key: "a key", max: 3, windowMs: 30_000 } } : {}),
        ...(b % 5 === 0 ? { timeoutMs: 90_000 } : {}),
        ...(b % 7 === 0 ? { budget: { usdMax: 1 } } : {}),
      }),
    );
    this.#runIds.push(created.runId);
  }

  async #member(slot: number): Promise<Member> {
    const index = slot % this.#members.length;
    const present = this.#members[index];
    if (present !== undefined && !present.registration.lost.aborted) return present;
    const kernel = this.#kernels[index % this.#kernels.length]!;
    const member: Member = {
      kernel,
      registration: await joinWorker(kernel, { ttlMs: workerTtlMs }),
      holdings: [],
      isHung: false,
    };
    // Its holdings stay: a zombie goes on acting on what it believes it owns.
    member.holdings.push(...(present?.holdings ?? []));
    this.#members[index] = member;
    return member;
  }

  async #claim(slot: number, b: number): Promise<void> {
    const member = await this.#member(slot);
    try {
      const runs = await claimRuns(member.kernel, {
        workerId: member.registration.workerId,
        queues: ["default"],
        limit: 1 + (b % 3),
      });
      for (const run of runs) {
        const number = (run.input as { number: number }).number;
        member.holdings.push({
          owned: { runId: run.id, epoch: run.epoch },
          number,
          nextSeq: 1,
          pending: undefined,
          isBusy: false,
        });
        if (!this.#runIds.includes(run.id)) this.#runIds.push(run.id);
      }
    } catch (error) {
      if (!isLeaseLost(error)) throw error;
      await member.registration.release();
    }
  }

  /** The next thing that the owner of a run, or who believes to be it, does. */
  async #act(slot: number, b: number): Promise<void> {
    const member = await this.#member(slot);
    const idle = member.holdings.filter((holding) => !holding.isBusy);
    const holding = idle[b % Math.max(1, idle.length)];
    if (holding === undefined) return;
    holding.isBusy = true;
    try {
      if (await this.#actOn(member.kernel, holding, b)) this.#letGo(holding);
    } finally {
      holding.isBusy = false;
    }
  }

  /** Wherever it is by now: a worker that registers anew takes along what it believes it owns. */
  #letGo(holding: Holding): void {
    for (const member of this.#members) {
      const index = member?.holdings.indexOf(holding) ?? -1;
      if (index >= 0) member!.holdings.splice(index, 1);
    }
  }

  async #actOn(kernel: Kernel, holding: Holding, b: number): Promise<boolean> {
    const { pending } = holding;
    if (pending !== undefined && !pending.isExecuted && b % 4 !== 3) {
      // The world does not know epochs: also who has lost his lease performs what he had begun.
      this.#perform(pending);
      return false;
    }
    const isOwner = await this.#isOwner(kernel, holding.owned);
    try {
      const isOver = await this.#step(kernel, holding, b);
      if (this.#isExclusive) assert.ok(isOwner, `a write of a lost owner was accepted: ${JSON.stringify(holding)}`);
      return isOver;
    } catch (error) {
      if (!isLeaseLost(error)) throw error;
      if (this.#isExclusive) assert.ok(!isOwner, `the owner was refused: ${String(error)}`);
      return true;
    }
  }

  #perform(pending: Pending): void {
    const before = this.performed.get(pending.key)?.count ?? 0;
    this.performed.set(pending.key, { effect: pending.effect, count: before + 1 });
    pending.isExecuted = true;
  }

  async #isOwner(kernel: Kernel, owned: Owned): Promise<boolean> {
    const rows = await kernel.database.query(
      `select 1 from roost.run where id = $1 and epoch = $2 and state = 'running'`,
      [owned.runId, owned.epoch],
    );
    return rows.length === 1;
  }

  /** Returns whether the run is out of the owner's hands. */
  async #step(kernel: Kernel, holding: Holding, b: number): Promise<boolean> {
    const { owned, pending } = holding;
    if (pending !== undefined) return this.#goOn(kernel, holding, pending, b);
    const length = 2 + (holding.number % 4);
    if (holding.nextSeq > length) {
      const isFailing = b % 6 === 5;
      await finishRun(
        kernel,
        owned,
        isFailing
          ? { state: "failed", error: { code: "internal", message: "it happens" } }
          : { state: "done", output: holding.number },
      );
      return true;
    }
    const wait = await this.#waitAt(kernel, holding);
    if (wait === undefined) return this.#begin(kernel, holding);
    const waited = await waitInRun(kernel, owned, { seq: holding.nextSeq, name: `step ${holding.nextSeq}`, wait });
    if (waited.state !== "done") return true;
    holding.nextSeq += 1;
    return false;
  }

  async #begin(kernel: Kernel, holding: Holding): Promise<boolean> {
    const { owned, nextSeq: seq } = holding;
    const effect = effects[(holding.number + seq) % effects.length]!;
    const request: StepRequest = { seq, name: `step ${seq}`, kind: "tool", effect, input: { seq } };
    const begun = await beginStep(kernel, owned, request);
    if (begun.state === "cancel_requested") {
      await finishRun(kernel, owned, { state: "cancelled" });
      return true;
    }
    if (begun.state === "begun") {
      holding.pending = { seq, key: begun.idempotencyKey, effect, isExecuted: false };
    } else if (begun.state === "interrupted") {
      if (begun.effect === "unsafe") {
        await finishStep(kernel, owned, { seq, state: "unknown", error: { code: "unknown", message: "interrupted" } });
        const waited = await waitInRun(kernel, owned, { seq, wait: { kind: "resolution", prompt: "did it happen?" } });
        assert.notEqual(waited.state, "done");
        return true;
      }
      const restarted = await restartStep(kernel, owned, { seq });
      holding.pending = { seq, key: restarted.idempotencyKey, effect, isExecuted: false };
    } else {
      holding.nextSeq += 1;
    }
    return false;
  }

  async #goOn(kernel: Kernel, holding: Holding, pending: Pending, b: number): Promise<boolean> {
    const { owned } = holding;
    const { seq } = pending;
    if (pending.isExecuted && b % 5 === 0) await reserveSpend(kernel, owned, { seq, usd: 0.25, tokens: 100 });
    const outcome: StepOutcome = pending.isExecuted
      ? { seq, state: "done", output: { key: pending.key }, ...(b % 2 === 0 ? { costUsd: 0.125, tokens: 50 } : {}) }
      : { seq, state: "failed", error: { code: "unavailable", message: "refused before it happened" } };
    await finishStep(kernel, owned, outcome);
    // The answer was lost: it is brought again.
    if (b % 3 === 0) await finishStep(kernel, owned, outcome).catch(ignoreLeaseLost);
    holding.pending = undefined;
    holding.nextSeq += 1;
    return false;
  }

  /** What the run waits for at its present step: the same in every replay. */
  async #waitAt(kernel: Kernel, { owned, number, nextSeq: seq }: Holding): Promise<WaitRequest | undefined> {
    switch ((number * 7 + seq * 3) % 11) {
      case 0:
        return { kind: "time", until: this.#soon };
      case 1:
        return { kind: "person", question: { prompt: "may I?" } };
      case 2:
        return { kind: "event", eventType: "notice.raised" };
      case 3: {
        const input = { number: number + 1 };
        const child = await kernel.transact((tx) =>
          createRun(tx, { reason: "a child", input, parent: { ...owned, seq } }),
        );
        return { kind: "child", runId: child.runId };
      }
      default:
        return undefined;
    }
  }

  async #cancel(kernel: Kernel, b: number): Promise<void> {
    const runId = this.#runIds[b % Math.max(1, this.#runIds.length)];
    if (runId !== undefined) await cancelRun(kernel, { runId, reason: "a random cancel", by: "a test" });
  }

  async #kill(slot: number): Promise<void> {
    const member = await this.#member(slot);
    const kernel = this.#kernels[0]!;
    const rows = await kernel.database.query("select 1 from roost.worker where id = $1", [
      member.registration.workerId,
    ]);
    if (rows.length === 1) await killConnection(kernel.database, member.registration.workerId).catch(() => undefined);
    await member.registration.release();
    const index = slot % this.#members.length;
    const zombie = this.#members[index]!;
    this.#members[index] = undefined;
    // Its process lives on for a while.
    if (this.#isExclusive) (await this.#member(slot)).holdings.push(...zombie.holdings);
  }

  async #advance(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    for (const member of this.#members)
      if (member !== undefined && !member.isHung) await member.registration.heartbeat();
  }

  async #pass(kernel: Kernel): Promise<void> {
    await reapWorkers(kernel);
    await promoteDueRuns(kernel);
    await failOverdueRuns(kernel);
    await deliverEventWaits(kernel);
    await promoteFreeLanes(kernel);
    await admitDueRates(kernel);
    await admitToFreeSlots(kernel);
  }

  /** A person answers, knowing what really happened. */
  async #answer(kernel: Kernel, b: number): Promise<void> {
    const questions = await listQuestions(kernel, { states: ["open"] });
    const question = questions[b % Math.max(1, questions.length)];
    if (question === undefined) return;
    try {
      if (question.kind === "resolution") {
        const [step] = await kernel.database.query<{ key: string }>(
          "select idempotency_key as key from roost.step where run_id = $1 and seq = $2",
          [question.runId, question.seq],
        );
        const outcome = (this.performed.get(step?.key ?? "")?.count ?? 0) > 0 ? "done" : "not_done";
        await resolveStep(kernel, {
          runId: question.runId,
          seq: question.seq,
          outcome,
          note: "I looked",
          by: "a person",
        });
      } else {
        await answerQuestion(kernel, { questionId: question.id, answer: "yes", by: "a person" });
      }
    } catch (error) {
      // Somebody else ended the run or answered in the meantime.
      if (this.#isExclusive || (error as { code?: string }).code !== "conflict") throw error;
    }
  }

  async #emit(kernel: Kernel): Promise<void> {
    await kernel.transact(
      async (tx) =>
        void tx.emit({ type: "notice.raised", subject: "n", data: { noticeId: "n", level: "info", text: "hello" } }),
    );
  }

  async #retry(kernel: Kernel, b: number): Promise<void> {
    const ended = await kernel.database.query<{ id: string }>(
      `select id from roost.run where state in ('failed', 'cancelled') and depth = 0 order by id`,
    );
    const run = ended[b % Math.max(1, ended.length)];
    if (run !== undefined) await retryRun(kernel, { runId: run.id, reason: "once more", by: "a test" });
  }
}

function ignoreLeaseLost(error: unknown): void {
  if (!isLeaseLost(error)) throw error;
}
