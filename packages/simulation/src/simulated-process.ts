/** A process of the simulated world: a kernel with connections of its own, which can die at any turn and be started anew. */
import { RoostError, silentLogger } from "@roost/base";
import type { DatabaseSession } from "@roost/database";
import { openKernel, type Kernel } from "@roost/kernel";
import { cutBackends, type Backend } from "./backend.ts";
import type { History } from "./history.ts";
import type { Interleaver } from "./interleaver.ts";
import { createRandom, hashOf, type Random } from "./random.ts";
import { SimulatedDatabase } from "./simulated-database.ts";
import type { Actor, TurnKind } from "./turn.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { World } from "./world.ts";
import type { Sql } from "@roost/database";

/** What all processes of one world have in common. */
export interface Surroundings {
  seed: number;
  interleaver: Interleaver;
  control: Sql;
  clock: VirtualClock;
  world: World;
  history: History;
  openSession(): Promise<DatabaseSession>;
  phase: Phase;
}

/** Faults happen; nothing goes wrong any more and everything comes to its end; nothing new comes, and readers catch up. */
export type Phase = "chaos" | "drain" | "rest";

/** How far the time moves while a process has nothing to do. */
const idleMsMax = 400;
const drainingIdleMsMax = 3_000;

export class SimulatedProcess implements Actor {
  readonly name: string;
  readonly surroundings: Surroundings;
  readonly random: Random;
  /** What it does; set as soon as it has a kernel. */
  kernel!: Kernel;
  isDead = false;
  frozenUntil = 0;
  readonly #database: SimulatedDatabase;

  constructor(name: string, surroundings: Surroundings) {
    const { interleaver, history, openSession } = surroundings;
    this.name = name;
    this.surroundings = surroundings;
    this.random = createRandom(hashOf(surroundings.seed, name));
    this.#database = new SimulatedDatabase({
      actor: this,
      interleaver,
      open: openSession,
      onCommitted: (number, step) => history.noteCommit(number, step),
      nextTransactionNumber: () => history.nextTransactionNumber(),
    });
  }

  get backends(): ReadonlySet<Backend> {
    return this.#database.backends;
  }

  /** Runs until it is through or dead; what it throws is a mistake of the simulation or of the kernel. */
  async run(main: (process: SimulatedProcess) => Promise<void>): Promise<void> {
    const { clock } = this.surroundings;
    this.kernel = await this.insist(() =>
      openKernel({ database: this.#database, logger: silentLogger, clock, migrate: false, events: [] }),
    );
    await main(this);
  }

  /** The transaction of whose commit it heard last. */
  get lastCommitted(): number {
    return this.#database.lastCommitted;
  }

  /** Gives the turn to others; time passes meanwhile. */
  async idle(): Promise<void> {
    const { clock, phase } = this.surroundings;
    const msMax = phase === "drain" ? drainingIdleMsMax : idleMsMax;
    await this.#turn("idle", "idle", async () => clock.move(this.random.below(msMax)));
  }

  /** Touches the world outside, in one turn. */
  async touch<T>(what: string, work: () => T): Promise<T> {
    return (await this.#turn(what, "effect", async () => work())) as T;
  }

  /** Asks again for as long as the database cannot be reached: for what may be repeated. */
  async insist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        await this.idle();
      }
    }
  }

  async crash(): Promise<void> {
    this.isDead = true;
    await cutBackends(this.surroundings.control, [...this.backends]);
    this.#database.backends.clear();
    // Its timers; nothing of it goes on.
    void Promise.resolve(this.kernel?.[Symbol.asyncDispose]()).catch(() => undefined);
  }

  #turn(label: string, kind: TurnKind, perform: () => Promise<unknown>): Promise<unknown> {
    const { interleaver } = this.surroundings;
    return interleaver.submit({
      actor: this,
      label,
      kind,
      perform,
      backend: undefined,
      onPerformed: () => undefined,
    });
  }
}

export function isUnavailable(error: unknown): error is RoostError {
  return error instanceof RoostError && error.code === "unavailable";
}
