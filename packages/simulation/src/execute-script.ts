/**
 * How a simulated worker executes a run: the worker's own step runner and its own way with what goes wrong, with a script in the
 * place of an agent. Here stands only what the script's steps do to the world, and what is noted for the checks.
 */
import { silentLogger } from "@roost/base";
import {
  createRun,
  finishRun,
  isLeaseLost,
  type ClaimedRun,
  type Kernel,
  type Owned,
  type RunOutcome,
} from "@roost/kernel";
import type { Telemetry } from "@roost/telemetry";
import { createDurableSteps, executeRun, RunInterruption, type DurableSteps } from "@roost/worker";
import { writeAsZombie } from "./write-as-zombie.ts";
import { numberOf, scriptOf, type Act, type RunScript } from "./run-script.ts";
import { isUnavailable, type SimulatedProcess } from "./simulated-process.ts";
import { simulationStartMs } from "./virtual-clock.ts";

type StepOutcome = Awaited<ReturnType<DurableSteps["step"]>>;
type StepResult = Awaited<ReturnType<Parameters<DurableSteps["step"]>[2]>>;
type Call = Parameters<Parameters<DurableSteps["step"]>[2]>[0];

export interface Executed {
  /** False: the worker still counts as the owner, and gives the run back when it leaves. */
  isRecorded: boolean;
}

/** Resolves when the run is out of its owner's hands. @throws what is a mistake of the simulation or of the product */
export async function executeScript(
  process: SimulatedProcess,
  run: ClaimedRun,
  { telemetry, signal }: { telemetry: Telemetry; signal: AbortSignal },
): Promise<Executed> {
  const execution = new Execution(process, run, { telemetry, signal });
  const handlers = { [run.handler]: () => execution.execute() };
  const isRecorded = await executeRun({ kernel: process.kernel, handlers, logger: silentLogger }, run, signal);
  if (execution.mistake !== undefined) throw execution.mistake;
  if (!execution.hasEnded) await writeAsZombie(process, run);
  return { isRecorded };
}

class Execution {
  /** What no fault explains. */
  mistake: Error | undefined;
  hasEnded = false;
  readonly #process: SimulatedProcess;
  readonly #kernel: Kernel;
  readonly #owned: Owned;
  readonly #agent: string;
  readonly #script: RunScript;
  readonly #steps: DurableSteps;
  /** Steps that came to their end and may still be on their way to the record. */
  #unnoted: number[] = [];

  constructor(process: SimulatedProcess, run: ClaimedRun, options: { telemetry: Telemetry; signal: AbortSignal }) {
    this.#process = process;
    this.#kernel = process.kernel;
    this.#owned = { runId: run.id, epoch: run.epoch };
    this.#agent = run.agent ?? "";
    this.#script = scriptOf(numberOf(run.input));
    this.#steps = createDurableSteps({
      ...options,
      kernel: this.#kernel,
      run,
      onUnknown: "wait",
      // However long: others go on meanwhile.
      pause: () => process.idle(),
    });
  }

  async execute(): Promise<void> {
    try {
      for (const [index, act] of this.#script.acts.entries()) {
        const failure = await this.#take(act, index + 1);
        if (failure !== undefined) return await this.#end(failure);
      }
      const error = { code: "internal", message: "as its script says" };
      await this.#end(
        this.#script.isFailing ? { state: "failed", error } : { state: "done", output: "as its script says" },
      );
    } catch (error) {
      const isExplained = error instanceof RunInterruption || isLeaseLost(error) || isUnavailable(error);
      if (!isExplained) this.mistake ??= error as Error;
      await this.#steps.unrecorded.flush().catch(() => undefined);
      throw error;
    }
  }

  /** What the run comes to when this step has failed. */
  async #take(act: Act, seq: number): Promise<RunOutcome | undefined> {
    const step = `${this.#owned.runId}:${seq}`;
    const { world } = this.#process.surroundings;
    const isWait = act.act !== "effect" && act.act !== "spend";
    const effect =
      act.act === "effect" ? act.effect : act.act === "spend" || act.act === "child" ? "idempotent" : "readonly";
    let outcome: StepOutcome;
    let isExecuted = false;
    try {
      outcome = await this.#steps.step(
        `step ${seq}`,
        {
          kind: isWait ? "approval" : act.act === "spend" ? "model" : "tool",
          effect,
          input: { seq },
          query: effect === "queryable" ? (key) => this.#query(key) : undefined,
        },
        async (call) => {
          isExecuted = true;
          // What spends is begun with its reservation.
          if (act.act !== "spend") this.#noteAccepted(`beginStep ${seq}`);
          world.refuseSettled(step, "begun");
          return isWait ? this.#wait(seq, act) : this.#perform(seq, act, call);
        },
      );
    } catch (error) {
      if (error instanceof RunInterruption && error.kind === "suspended") world.refuseSettled(step, "waiting");
      throw error;
    }
    // What travels with the next write was accepted when that was.
    if (isExecuted && (effect === "unsafe" || effect === "queryable"))
      this.#noteAccepted(`finishStep ${seq} ${outcome.state}`);
    if (outcome.state === "done") this.#unnoted.push(seq);
    if (outcome.state !== "failed") return undefined;
    return { state: "failed", error: outcome.error };
  }

  #noteAccepted(what: string): void {
    const { history, world } = this.#process.surroundings;
    history.accepted.push({ owned: this.#owned, what, transaction: this.#process.lastCommitted });
    for (const seq of this.#unnoted.splice(0)) world.noteSettled(`${this.#owned.runId}:${seq}`);
  }

  async #wait(seq: number, act: Exclude<Act, { act: "effect" | "spend" }>): Promise<StepResult> {
    const at = (ms: number) => new Date(simulationStartMs + ms).toISOString();
    switch (act.act) {
      case "sleep":
        return { state: "waiting", wait: { kind: "time", until: at(act.ms) } };
      case "event":
        return { state: "waiting", wait: { kind: "event", eventType: "notice.raised", until: at(act.untilMs) } };
      case "ask":
        return { state: "waiting", wait: { kind: "person", question: { prompt: "may I?" } } };
      case "child":
        return { state: "waiting", wait: { kind: "child", runId: await this.#startChild(seq, act.number) } };
    }
  }

  async #perform(
    seq: number,
    act: Extract<Act, { act: "effect" | "spend" }>,
    { idempotencyKey: key }: Call,
  ): Promise<StepResult> {
    const { world } = this.#process.surroundings;
    const spent =
      act.act === "spend" ? { costUsd: act.usd, inputTokens: 1, outputTokens: 0, isEstimated: false } : undefined;
    const reserved =
      spent && (await this.#steps.spend.reserve({ ...spent, provider: "", model: "", step: `step ${seq}` }));
    if (spent !== undefined) this.#noteAccepted(`beginStep ${seq} with its reservation`);
    if (reserved?.state === "refused")
      return { state: "failed", error: { code: "limit_exceeded", message: reserved.message, isRetryable: false } };
    const isKeyed = act.act === "spend" || (act.effect !== "unsafe" && act.effect !== "readonly");
    const isRefused = act.act === "effect" && act.isRefused;
    try {
      await this.#process.touch(`perform ${act.act === "effect" ? act.effect : "spend"}`, () => {
        if (!isRefused) world.perform(key, { isKeyed });
        if (spent !== undefined) world.spend(this.#agent, spent.costUsd);
      });
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      // No answer: done or not, it cannot be told from here, and what went out counts as spent.
      return { state: "unknown", message: "no answer" };
    } finally {
      if (spent !== undefined && reserved?.state === "granted") await reserved.settle(spent);
    }
    if (isRefused)
      return {
        state: "failed",
        error: { code: "unavailable", message: "refused before it happened", isRetryable: true },
      };
    return { state: "done", output: { key } };
  }

  async #query(key: string): Promise<{ found: true; output: { key: string } } | { found: false }> {
    const { world } = this.#process.surroundings;
    const ask = () => this.#process.touch("ask for the effect", () => world.countOf(key) > 0);
    return (await this.#process.insist(ask)) ? { found: true, output: { key } } : { found: false };
  }

  async #startChild(seq: number, number: number): Promise<string> {
    const { agent, attemptsMax, priority } = scriptOf(number);
    const child = await this.#kernel.transact((tx) =>
      createRun(tx, {
        reason: "a child",
        input: { number },
        parent: { ...this.#owned, seq },
        agent,
        priority,
        retry: { attemptsMax, backoffMs: 5_000 },
      }),
    );
    this.#noteAccepted(`createRun of step ${seq}`);
    return child.runId;
  }

  async #end(outcome: RunOutcome): Promise<void> {
    const { state } = await this.#steps.unrecorded.recordWith((held) =>
      finishRun(this.#kernel, this.#owned, outcome, held),
    );
    this.#noteAccepted("finishRun");
    this.hasEnded = state !== "waiting";
    this.#process.surroundings.history.ended.set(this.#owned.runId, state);
  }
}
