/**
 * Decides whose statement goes next, one at a time, from a seed, and lets faults happen around it. A statement that waits for a lock
 * is noticed by asking the server who blocks whom, and stopped; when its lock is granted, going on is a choice like any other. So the
 * same seed gives the same history. It knows statements and processes, and nothing of what they are for.
 */
import type { Sql } from "@roost/database";
import { answerWithin, settle } from "./answer-within.ts";
import { cutBackends, readBlockers, type Backend } from "./backend.ts";
import { clockJumpOf, conflictStatement, connectionLost, pauseMs, type Fault } from "./faults.ts";
import { hasCircle } from "./has-circle.ts";
import { hashOf } from "./random.ts";
import type { Outcome, Turn } from "./turn.ts";
import { Violation } from "./violation.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface InterleaverOptions {
  seed: number;
  /** For how many steps the order of preference stays: 1 mixes finely, more lets one process get further than others. */
  burst: number;
  control: Sql;
  clock: VirtualClock;
  /** The living connections of all processes. */
  listBackends(): Backend[];
}

interface Waiting {
  turn: Turn;
  answer: Promise<Outcome>;
  isGranted: boolean;
}

interface Delayed {
  turn: Turn;
  outcome: Outcome;
  untilStep: number;
}

/** How long an answer may be missing before the server is asked whether it waits. It decides nothing: both ends are certain. */
const answerMs = 10;
/** One step in so many may go to a process that has nothing to do although others have. */
const idleTurnsEvery = 4;

export class Interleaver {
  readonly trace: string[] = [];
  step = 0;
  faultCount = 0;
  waitCount = 0;
  readonly #options: InterleaverOptions;
  #faults: Fault[] = [];
  #pending: Turn[] = [];
  #waiting: Waiting[] = [];
  #delayed: Delayed[] = [];

  constructor(options: InterleaverOptions) {
    this.#options = options;
  }

  /** What goes wrong from here on; nothing without any. */
  setFaults(faults: readonly Fault[]): void {
    this.#faults = [...faults];
  }

  submit(turn: Omit<Turn, "resolve" | "reject">): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // The answer to a dead process is dropped.
      if (!turn.actor.isDead) this.#pending.push({ ...turn, resolve, reject });
    });
  }

  /** Lets one thing happen. False: no process can go on. */
  async takeStep(): Promise<boolean> {
    const next = this.#choose();
    if (next === undefined) return false;
    this.step += 1;
    if ("answer" in next) await this.#goOn(next);
    else if ("outcome" in next) this.#answerLate(next);
    else await this.#begin(next);
    await settle();
    await this.#lookAtWaiting();
    return true;
  }

  #choose(): Turn | Waiting | Delayed | undefined {
    this.#forgetTheDead();
    const { step } = this;
    const isAwake = ({ actor }: Turn) => actor.frozenUntil <= step;
    const candidates = [
      ...this.#pending.filter(isAwake),
      ...this.#waiting.filter((waiting) => waiting.isGranted && isAwake(waiting.turn)),
      ...this.#delayed.filter((delayed) => delayed.untilStep <= step),
    ];
    if (candidates.length === 0) return this.#wakeSomebody();
    return this.#prefer(candidates);
  }

  /** A process with something to do goes before one that only polls, most of the time. */
  #prefer(candidates: (Turn | Waiting | Delayed)[]): Turn | Waiting | Delayed | undefined {
    const { seed, burst } = this.#options;
    const { step } = this;
    const epoch = Math.floor(step / burst);
    const mayIdle = hashOf(seed, step, "idle") % idleTurnsEvery === 0;
    let best: (typeof candidates)[number] | undefined;
    let bestRank = -1;
    for (const [index, candidate] of candidates.entries()) {
      const isPassed = "kind" in candidate && candidate.kind === "idle" && !mayIdle;
      const rank = isPassed
        ? hashOf(seed, step, nameOf(candidate)) / 2 ** 33
        : 1 + hashOf(seed, epoch, nameOf(candidate)) + hashOf(seed, step, index) / 2 ** 32;
      if (rank > bestRank) [best, bestRank] = [candidate, rank];
    }
    return best;
  }

  #forgetTheDead(): void {
    this.#pending = this.#pending.filter(({ actor }) => !actor.isDead);
    this.#waiting = this.#waiting.filter(({ turn }) => !turn.actor.isDead);
    this.#delayed = this.#delayed.filter(({ turn }) => !turn.actor.isDead);
  }

  /** All processes wait: the first to continue does so now. */
  #wakeSomebody(): Turn | Waiting | Delayed | undefined {
    const [late] = this.#delayed.toSorted((a, b) => a.untilStep - b.untilStep);
    if (late !== undefined) return late;
    const asleep = [...this.#pending, ...this.#waiting.filter(({ isGranted }) => isGranted)];
    const [first] = asleep.toSorted((a, b) => actorOf(a).frozenUntil - actorOf(b).frozenUntil);
    if (first !== undefined) actorOf(first).frozenUntil = 0;
    return first;
  }

  async #begin(turn: Turn): Promise<void> {
    this.#pending.splice(this.#pending.indexOf(turn), 1);
    const fault = this.#takeFault(turn);
    if (fault !== undefined && (await this.#faultBefore(fault, turn))) return;
    await this.#options.clock.tell();
    const answer = turn.perform().then(
      (value): Outcome => ({ value }),
      (error: unknown): Outcome => ({ error }),
    );
    await this.#await(turn, answer);
  }

  #takeFault(turn: Turn): Fault | undefined {
    const index = this.#faults.findIndex((fault) => fault.at <= this.step && fits(fault, turn));
    if (index < 0) return undefined;
    const [fault] = this.#faults.splice(index, 1);
    this.faultCount += 1;
    this.#note(turn, `fault: ${fault!.kind}`);
    return fault;
  }

  /** True when the turn is over. */
  async #faultBefore(fault: Fault, turn: Turn): Promise<boolean> {
    const { control, clock, listBackends } = this.#options;
    switch (fault.kind) {
      case "crash before":
        await turn.actor.crash();
        return true;
      case "error before":
        if (turn.backend !== undefined) await cutBackends(control, [turn.backend]);
        turn.reject(connectionLost());
        return true;
      case "conflict":
        turn.reject(await turn.backend!.query(conflictStatement).then(undefined, (error: unknown) => error));
        return true;
      case "pause":
        turn.actor.frozenUntil = this.step + fault.amount;
        clock.move(pauseMs);
        this.#pending.push(turn);
        return true;
      case "clock forward":
      case "clock back":
        clock.move(clockJumpOf(fault));
        return false;
      case "database restart":
        await cutBackends(control, listBackends());
        if (turn.backend === undefined) return false;
        turn.reject(connectionLost());
        return true;
      case "crash after":
      case "error after":
      case "slow answer":
        turn.fault = fault;
        return false;
    }
  }

  /** Until the answer is there, or it is certain that it waits for a lock. */
  async #await(turn: Turn, answer: Promise<Outcome>): Promise<void> {
    for (;;) {
      const outcome = await answerWithin(answer, turn.backend === undefined ? undefined : answerMs);
      if (outcome !== undefined) return this.#finish(turn, outcome);
      const blockers = (await readBlockers(this.#options.control, [turn.backend!.pid])).get(turn.backend!.pid);
      if (blockers === undefined) continue;
      turn.backend!.stop();
      this.waitCount += 1;
      this.#waiting.push({ turn, answer, isGranted: false });
      this.#note(turn, `waits for ${blockers.map((pid) => this.#nameOfPid(pid)).join(", ")}`);
      await this.#refuseCircle();
      return;
    }
  }

  async #goOn(waiting: Waiting): Promise<void> {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    waiting.turn.backend!.resume();
    await this.#await(waiting.turn, waiting.answer);
  }

  async #finish(turn: Turn, outcome: Outcome): Promise<void> {
    const { fault } = turn;
    if ("value" in outcome) turn.onPerformed(this.step);
    this.#note(turn, describe(outcome));
    if (fault?.kind === "crash after") {
      await turn.actor.crash();
    } else if (fault?.kind === "error after") {
      if (turn.backend !== undefined) await cutBackends(this.#options.control, [turn.backend]);
      turn.reject(connectionLost());
    } else if (fault?.kind === "slow answer") {
      this.#delayed.push({ turn, outcome, untilStep: this.step + fault.amount });
    } else {
      deliver(turn, outcome);
    }
  }

  #answerLate(delayed: Delayed): void {
    this.#delayed.splice(this.#delayed.indexOf(delayed), 1);
    this.#note(delayed.turn, "hears the answer");
    deliver(delayed.turn, delayed.outcome);
  }

  /** Whose locks have been granted, or whose connections have been cut. */
  async #lookAtWaiting(): Promise<void> {
    for (const waiting of this.#waiting.filter(({ turn }) => turn.backend!.isCut)) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      await this.#finish(waiting.turn, await waiting.answer);
      await settle();
    }
    const blocked = this.#waiting.filter(({ isGranted }) => !isGranted);
    if (blocked.length === 0) return;
    const blockers = await readBlockers(
      this.#options.control,
      blocked.map(({ turn }) => turn.backend!.pid),
    );
    for (const waiting of blocked) waiting.isGranted = !blockers.has(waiting.turn.backend!.pid);
  }

  /** All processes take locks in one order, so that none waits in a circle. */
  async #refuseCircle(): Promise<void> {
    const pids = this.#waiting.map(({ turn }) => turn.backend!.pid);
    if (hasCircle(await readBlockers(this.#options.control, pids)))
      throw new Violation(`transactions wait for each other in a circle: ${this.#describeWaits()}`);
  }

  #describeWaits(): string {
    return this.#waiting.map(({ turn }) => `${turn.actor.name} at ${turn.label}`).join("; ");
  }

  #nameOfPid(pid: number): string {
    const all = [...this.#options.listBackends()];
    const place = all.findIndex((backend) => backend.pid === pid);
    return place < 0 ? "another" : `connection ${place}`;
  }

  #note(turn: Turn, what: string): void {
    const ms = this.#options.clock.nowMs();
    this.trace.push(`${this.step} ${new Date(ms).toISOString().slice(11)} ${turn.actor.name}: ${turn.label} → ${what}`);
  }
}

function fits({ kind, on, moment }: Fault, turn: Turn): boolean {
  if (turn.kind === "idle" || !turn.actor.name.startsWith(on)) return false;
  if (moment !== "any" && turn.kind !== moment) return false;
  return kind !== "conflict" || turn.kind === "statement" || turn.kind === "commit";
}

function actorOf(item: Turn | Waiting): Turn["actor"] {
  return "turn" in item ? item.turn.actor : item.actor;
}

function nameOf(item: Turn | Waiting | Delayed): string {
  return "turn" in item ? item.turn.actor.name : item.actor.name;
}

function deliver(turn: Turn, outcome: Outcome): void {
  if ("error" in outcome) turn.reject(outcome.error);
  else turn.resolve(outcome.value);
}

function describe(outcome: Outcome): string {
  if ("error" in outcome) return `error: ${(outcome.error as Error).message}`;
  // Rows, which are the same each time; a connection is not.
  if (!Array.isArray(outcome.value)) return "done";
  const text = JSON.stringify(outcome.value);
  return text.length <= 40 ? text : `${text.length} characters, ${hashOf(text).toString(16)}`;
}
