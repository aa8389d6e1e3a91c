/**
 * How a simulated worker executes a run: the protocol that every executor of Roost follows, with a script in the place of an agent.
 * It records an intent before each effect and its outcome after, replays what is recorded, treats what was interrupted by its effect
 * class, and repeats what it did not hear an answer to.
 */
import {
  beginStep,
  createRun,
  finishRun,
  finishStep,
  isLeaseLost,
  reserveSpend,
  restartStep,
  settleSpend,
  waitInRun,
  type BegunStep,
  type ClaimedRun,
  type Effect,
  type Owned,
  type RunOutcome,
  type StepOutcome,
  type StepRequest,
  type WaitRequest,
} from "@roost/kernel";
import { hauntRun } from "./haunt-run.ts";
import { simulationStartMs } from "./virtual-clock.ts";
import { numberOf, scriptOf, type Act, type RunScript } from "./run-script.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { isUnavailable } from "./simulated-process.ts";

/** Whether the run goes on with its next step, or is out of its owner's hands. */
type Progress = "on" | "given back";

interface EffectAct {
  effect: Effect;
  isRefused: boolean;
  /** What it costs. */
  usd?: number;
}

/** Resolves when the run is out of its owner's hands, by whomever. */
export async function executeRun(process: SimulatedProcess, run: ClaimedRun): Promise<void> {
  const execution = new Execution(process, run);
  try {
    const progress = await execution.execute();
    if (progress !== "given back") return;
  } catch (error) {
    // Somebody else owns it: whatever was begun here is his.
    if (!isLeaseLost(error)) throw error;
  }
  await hauntRun(process, run);
}

class Execution {
  readonly #process: SimulatedProcess;
  readonly #owned: Owned;
  readonly #agent: string;
  readonly #script: RunScript;
  /** Outcomes of what may be repeated: they travel with the next intent, or with the end of the run. */
  #held: StepOutcome[] = [];

  constructor(process: SimulatedProcess, run: ClaimedRun) {
    this.#process = process;
    this.#owned = { runId: run.id, epoch: run.epoch };
    this.#agent = run.agent ?? "";
    this.#script = scriptOf(numberOf(run.input));
  }

  async execute(): Promise<Progress | "ended"> {
    for (const [index, act] of this.#script.acts.entries()) {
      if ((await this.#take(act, index + 1)) === "given back") return "given back";
    }
    await this.#end();
    return "ended";
  }

  async #take(act: Act, seq: number): Promise<Progress> {
    switch (act.act) {
      case "effect":
        return this.#effect(seq, act);
      case "spend":
        return this.#effect(seq, { effect: "idempotent", isRefused: false, usd: act.usd });
      case "sleep":
        return this.#wait(seq, { kind: "time", until: new Date(simulationStartMs + act.ms) });
      case "event":
        return this.#wait(seq, {
          kind: "event",
          eventType: "notice.raised",
          until: new Date(simulationStartMs + act.untilMs),
        });
      case "ask":
        return this.#wait(seq, { kind: "person", question: { prompt: "may I?" } });
      case "child":
        return this.#wait(seq, { kind: "child", runId: await this.#startChild(seq, act.number) });
    }
  }

  async #end(): Promise<void> {
    await this.#finishRun(
      this.#script.isFailing
        ? { state: "failed", error: { code: "internal", message: "as its script says" } }
        : { state: "done", output: "as its script says" },
    );
  }

  async #effect(seq: number, act: EffectAct): Promise<Progress> {
    const request: StepRequest = { seq, name: `step ${seq}`, kind: "tool", effect: act.effect, input: { seq } };
    const finishing = this.#held;
    const begun = await this.#write(`beginStep ${seq}`, (kernel, owned) =>
      beginStep(kernel, owned, request, { finishing }),
    );
    this.#held = [];
    this.#noteRecorded(finishing);
    this.#refuseSettled(seq, begun);
    switch (begun.state) {
      case "begun":
        return this.#perform(seq, act, begun.idempotencyKey);
      case "interrupted":
        return this.#afterInterruption(seq, act, begun.idempotencyKey);
      case "cancel_requested":
        await this.#finishRun({ state: "cancelled" });
        return "given back";
      case "done":
      case "failed":
      case "unknown":
        return "on";
    }
  }

  #refuseSettled(seq: number, begun: BegunStep): void {
    if (begun.state !== "begun" && begun.state !== "interrupted") return;
    this.#process.surroundings.world.refuseSettled(`${this.#owned.runId}:${seq}`, begun.state);
  }

  async #perform(seq: number, act: EffectAct, key: string): Promise<Progress> {
    const { world } = this.#process.surroundings;
    if (act.usd !== undefined && !(await this.#reserve(seq, act.usd))) return "given back";
    const isKeyed = act.effect !== "unsafe" && act.effect !== "readonly";
    try {
      await this.#process.touch(`perform ${act.effect}`, () => {
        if (!act.isRefused) world.perform(key, { isKeyed });
        if (act.usd !== undefined) world.spend(this.#agent, act.usd);
      });
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      // No answer: done or not, nobody here can tell.
      return this.#afterSilence(seq, act, key);
    }
    if (act.isRefused) {
      const refused = { code: "unavailable", message: "refused before it happened" };
      await this.#finish({ seq, state: "failed", error: refused });
      return this.#fail("a step was refused");
    }
    return this.#finishDone(seq, key, act);
  }

  async #afterSilence(seq: number, act: EffectAct, key: string): Promise<Progress> {
    if (act.effect === "unsafe") return this.#leaveUnknown(seq);
    if (act.usd !== undefined) await this.#settle(seq, act.usd);
    return act.effect === "queryable" ? this.#query(seq, act, key) : this.#perform(seq, act, key);
  }

  /** What went out without an answer counts as spent; the next attempt reserves anew. */
  async #settle(seq: number, usd: number): Promise<void> {
    await this.#write(`settleSpend ${seq}`, (kernel, owned) => settleSpend(kernel, owned, { seq, usd, tokens: 1 }));
  }

  async #afterInterruption(seq: number, act: EffectAct, key: string) {
    if (act.effect === "unsafe") return this.#leaveUnknown(seq);
    await this.#write(`restartStep ${seq}`, (kernel, owned) => restartStep(kernel, owned, { seq }));
    return act.effect === "queryable" ? this.#query(seq, act, key) : this.#perform(seq, act, key);
  }

  async #query(seq: number, act: EffectAct, key: string): Promise<Progress> {
    const { world } = this.#process.surroundings;
    const isThere = await this.#process.insist(() =>
      this.#process.touch("ask for the effect", () => world.countOf(key) > 0),
    );
    return isThere ? this.#finishDone(seq, key, act) : this.#perform(seq, act, key);
  }

  async #leaveUnknown(seq: number): Promise<Progress> {
    await this.#finish({ seq, state: "unknown", error: { code: "unknown", message: "no answer" } });
    return this.#wait(seq, { kind: "resolution", prompt: "did it happen?" });
  }

  async #finishDone(seq: number, key: string, { effect, usd }: EffectAct): Promise<Progress> {
    const spent = usd === undefined ? {} : { costUsd: usd, tokens: 1 };
    const outcome: StepOutcome = { seq, state: "done", output: { key }, ...spent };
    if (effect !== "unsafe" && this.#script.holdsOutcomes) this.#held.push(outcome);
    else await this.#finish(outcome);
    return "on";
  }

  /** Before what takes no outcomes along. */
  async #recordHeld(): Promise<void> {
    for (const outcome of this.#held.splice(0)) await this.#finish(outcome);
  }

  #noteRecorded(outcomes: StepOutcome[]): void {
    const { world } = this.#process.surroundings;
    for (const { seq, state } of outcomes) if (state === "done") world.noteSettled(`${this.#owned.runId}:${seq}`);
  }

  async #finish(outcome: StepOutcome): Promise<void> {
    await this.#write(`finishStep ${outcome.seq} ${outcome.state}`, (kernel, owned) =>
      finishStep(kernel, owned, outcome),
    );
    this.#noteRecorded([outcome]);
  }

  async #finishRun(outcome: RunOutcome): Promise<void> {
    const finishing = this.#held;
    const { state } = await this.#write("finishRun", (kernel, owned) =>
      finishRun(kernel, owned, outcome, { finishing }),
    );
    this.#noteRecorded(finishing);
    this.#process.surroundings.history.ended.set(this.#owned.runId, state);
  }

  async #reserve(seq: number, usd: number): Promise<boolean> {
    const reserved = await this.#write(`reserveSpend ${seq}`, (kernel, owned) =>
      reserveSpend(kernel, owned, { seq, usd, tokens: 1 }),
    );
    if (reserved.granted) return true;
    await this.#finish({ seq, state: "failed", error: { code: "limit_exceeded", message: reserved.message } });
    await this.#fail("the budget is spent", false);
    return false;
  }

  async #fail(message: string, isRetryable = true): Promise<Progress> {
    await this.#finishRun({ state: "failed", error: { code: "internal", message, isRetryable } });
    return "given back";
  }

  async #wait(seq: number, wait: WaitRequest): Promise<Progress> {
    await this.#recordHeld();
    const waited = await this.#write(`waitInRun ${seq} ${wait.kind}`, (kernel, owned) =>
      waitInRun(kernel, owned, { seq, name: `step ${seq}`, wait }),
    );
    return waited.state === "done" ? "on" : "given back";
  }

  async #startChild(seq: number, number: number): Promise<string> {
    const { agent, attemptsMax, priority } = scriptOf(number);
    const child = await this.#write(`createRun of step ${seq}`, (kernel, owned) =>
      kernel.transact((tx) =>
        createRun(tx, {
          reason: "a child",
          input: { number },
          parent: { ...owned, seq },
          agent,
          priority,
          retry: { attemptsMax, backoffMs: 5_000 },
        }),
      ),
    );
    return child.runId;
  }

  /** A write under the fence, repeated until its answer is heard; that it was accepted goes into the history. */
  async #write<T>(what: string, write: (kernel: SimulatedProcess["kernel"], owned: Owned) => Promise<T>): Promise<T> {
    const process = this.#process;
    const answer = await process.insist(() => write(process.kernel, this.#owned));
    process.surroundings.history.accepted.push({ owned: this.#owned, what, transaction: process.lastCommitted });
    return answer;
  }
}
