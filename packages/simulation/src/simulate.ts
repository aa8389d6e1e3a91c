/** Lets one world happen: its processes, its faults, its end, and the look at whether every promise was kept. */
import { createIdSource, replaceIdSource } from "@roost/base";
import type { Database } from "@roost/database";
import { setBudgets } from "@roost/kernel";
import { defineJob } from "@roost/jobs";
import type { Backend } from "./backend.ts";
import { checkWorld } from "./check-world.ts";
import { clientActor } from "./client-actor.ts";
import { History } from "./history.ts";
import { Interleaver } from "./interleaver.ts";
import type { Worlds } from "./open-worlds.ts";
import { chaosStepsMax, type PlannedOperation, type Plan } from "./plan.ts";
import { createRandom, hashOf } from "./random.ts";
import { readerActor } from "./reader-actor.ts";
import { schedulerActor } from "./scheduler-actor.ts";
import { jobDefinition } from "./job-definition.ts";
import { SimulatedProcess, type Surroundings } from "./simulated-process.ts";
import { Violation } from "./violation.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { workerActor } from "./worker-actor.ts";
import { World } from "./world.ts";

export interface SimulationResult {
  plan: Plan;
  /** What was wrong; undefined when every promise was kept. */
  violation: string | undefined;
  trace: string[];
  stepCount: number;
  faultCount: number;
  /** Statements that waited for a lock. */
  waitCount: number;
  crashCount: number;
  runCount: number;
  eventCount: number;
}

/** Once nothing goes wrong any more, everything has ended within this many steps. */
const drainStepsMax = 30_000;
const lookEverySteps = 250;
const askEverySteps = 40;
/** After the last operation has begun, this many steps of chaos follow. */
const afterglowSteps = 150;

export async function simulate(worlds: Worlds, plan: Plan): Promise<SimulationResult> {
  await using place = await worlds.openWorld();
  const simulation = new Simulation(place.database, plan);
  using _ids = replaceIdSource(simulation.createId);
  return await simulation.run();
}

/** A part that is played by one process after another. */
interface Role {
  name: string;
  act(process: SimulatedProcess): Promise<void>;
  process: SimulatedProcess | undefined;
  generation: number;
}

class Simulation {
  readonly createId: () => string;
  readonly #plan: Plan;
  readonly #control: Database;
  readonly #surroundings: Surroundings;
  readonly #roles: Role[];
  /** What is left to do, client by client. */
  readonly #operations: PlannedOperation[][];
  #lastOperationStep: number | undefined;
  readonly #failures: unknown[] = [];
  #crashCount = 0;

  constructor(control: Database, plan: Plan) {
    const clock = new VirtualClock(control);
    const { bytes } = createRandom(hashOf(plan.seed, "ids"));
    this.createId = createIdSource({ clock, random: bytes });
    this.#plan = plan;
    this.#control = control;
    this.#surroundings = {
      seed: plan.seed,
      control,
      clock,
      interleaver: new Interleaver({ ...plan, control, clock, listBackends: () => this.#listBackends() }),
      world: new World(),
      history: new History(),
      openSession: () => control.openSession(),
      phase: "chaos",
    };
    this.#operations = deal(plan);
    this.#roles = createRoles(plan, this.#operations);
  }

  async run(): Promise<SimulationResult> {
    let violation: string | undefined;
    try {
      await this.#happen();
      await checkWorld(this.#surroundings, { isStill: true, isRead: this.#plan.readerCount > 0 });
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error.message;
    }
    await this.#endProcesses();
    const { interleaver } = this.#surroundings;
    return {
      plan: this.#plan,
      violation,
      trace: interleaver.trace,
      stepCount: interleaver.step,
      faultCount: interleaver.faultCount,
      waitCount: interleaver.waitCount,
      crashCount: this.#crashCount,
      ...(await this.#count()),
    };
  }

  async #happen(): Promise<void> {
    const { interleaver } = this.#surroundings;
    await this.#prepare();
    interleaver.setFaults(this.#plan.faults);
    while (interleaver.step < chaosStepsMax && this.#isGoingOn()) await this.#step();
    interleaver.setFaults([]);
    this.#surroundings.phase = "drain";
    await this.#stepUntil("every run ends", unfinished);
    this.#surroundings.phase = "rest";
    if (this.#plan.readerCount > 0) await this.#stepUntil("readers catch up", unread);
  }

  #isGoingOn(): boolean {
    const { step } = this.#surroundings.interleaver;
    if (this.#operations.every((left) => left.length === 0)) this.#lastOperationStep ??= step;
    return step < (this.#lastOperationStep ?? step) + afterglowSteps;
  }

  /** Jobs and budgets, as one who is not part of the world sets them up. */
  async #prepare(): Promise<void> {
    const process = new SimulatedProcess("founder", this.#surroundings);
    const founding = process.run(async ({ kernel }) => {
      await setBudgets(kernel, { caps: [{ scope: "agent:agent-a", window: "total", usdMax: 3 }] });
      for (let job = 0; job < this.#plan.jobCount; job += 1) {
        await defineJob(kernel, jobDefinition(job, this.#plan.seed), { by: "the founder" });
      }
      process.isDead = true;
    });
    let isFounded = false;
    void founding.finally(() => (isFounded = true)).catch((error: unknown) => this.#failures.push(error));
    while (!isFounded && this.#failures.length === 0) await this.#surroundings.interleaver.takeStep();
    if (this.#failures.length > 0) this.#raise();
    process.isDead = false;
    await process.crash();
  }

  async #step(): Promise<void> {
    const { interleaver } = this.#surroundings;
    this.#startProcesses();
    if (!(await interleaver.takeStep())) throw new Violation("no process can go on");
    if (this.#failures.length > 0) this.#raise();
    if (interleaver.step % lookEverySteps === 0)
      await checkWorld(this.#surroundings, { isStill: false, isRead: false });
  }

  async #stepUntil(what: string, query: string): Promise<void> {
    const { interleaver } = this.#surroundings;
    const until = interleaver.step + drainStepsMax;
    for (;;) {
      const left = await this.#control.query<{ what: string }>(query);
      if (left.length === 0) return;
      if (interleaver.step > until) {
        throw new Violation(
          `not so after ${drainStepsMax} steps without faults: ${what}; ${left.map((row) => row.what).join("; ")}`,
        );
      }
      for (let count = 0; count < askEverySteps; count += 1) await this.#step();
    }
  }

  #startProcesses(): void {
    for (const role of this.#roles) {
      if (role.process?.isDead === false) continue;
      if (role.process !== undefined) this.#crashCount += 1;
      role.generation += 1;
      const process = new SimulatedProcess(`${role.name}.${role.generation}`, this.#surroundings);
      role.process = process;
      void process.run(role.act).catch((error: unknown) => this.#failures.push(error));
    }
  }

  #raise(): never {
    const [failure] = this.#failures;
    if (failure instanceof Violation) throw failure;
    throw new Violation(`a process failed: ${(failure as Error).stack ?? String(failure)}`);
  }

  #listBackends(): Backend[] {
    return this.#roles.flatMap(({ process }) => [...(process?.backends ?? [])]);
  }

  async #endProcesses(): Promise<void> {
    for (const { process } of this.#roles) if (process?.isDead === false) await process.crash();
  }

  async #count(): Promise<{ runCount: number; eventCount: number }> {
    const [row] = await this.#control.query<{ runCount: number; eventCount: number }>(
      `select (select count(*) from roost.run_all) as "runCount", (select count(*) from roost.event) as "eventCount"`,
    );
    return row!;
  }
}

function deal({ operations, clientCount }: Plan): PlannedOperation[][] {
  return Array.from({ length: clientCount }, (_, index) =>
    operations.filter((_operation, place) => place % clientCount === index),
  );
}

function createRoles(plan: Plan, operations: PlannedOperation[][]): Role[] {
  const { workerCount, schedulerCount, readerCount, jobCount } = plan;
  const role = (name: string, act: Role["act"]): Role => ({ name, act, process: undefined, generation: 0 });
  const many = (name: string, count: number, act: Role["act"]) =>
    Array.from({ length: count }, (_, index) => role(`${name} ${index + 1}`, act));
  return [
    ...many("worker", workerCount, workerActor),
    ...many("scheduler", schedulerCount, schedulerActor),
    ...many("reader", readerCount, readerActor),
    ...operations.map((own, index) =>
      role(`client ${index + 1}`, (process) => clientActor(process, { operations: own, jobCount })),
    ),
  ];
}

/** What has not come to its end. */
const unfinished = `
  select 'run ' || id || ' is ' || state || coalesce(' for ' || waiting_for, '') as what from roost.run where ended_at is null
  union all
  select 'job ' || id || ' is due' from roost.job where state = 'active'
  union all
  select 'once ' || key || ' is begun' from roost.once where state = 'begun'`;

/** What the consumer group has not read. */
const unread = `
  select h.topic || '/' || h.partition || ' at ' || coalesce(c.next_offset, 0) as what from roost.partition_head h
  left join roost.cursor c on c.group_name = 'simulation' and c.topic = h.topic and c.partition = h.partition
  where h.topic in ('notices', 'runs') and h.next_offset > coalesce(c.next_offset, 0)`;
