/** Random programs against what must be true: one after another, so that a failure replays, and all at once, so that locks meet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { silentLogger } from "@roost/base";
import { sqlStateOf, type Database } from "@roost/database";
import { openKernel, type Kernel } from "../open-kernel.ts";
import { setBudgets } from "../budgets/set-budgets.ts";
import { findViolations } from "./check-runs.ts";
import { createTestKernel } from "./create-test-kernel.ts";
import { operationNames, RunProgram, type Operation } from "./run-program.ts";

/** What one run of the tests may take; a longer one only needs greater numbers. */
const programCount = 12;
const streamCount = 12;

const weights: Record<Operation["name"], number> = {
  create: 12,
  claim: 12,
  act: 60,
  cancel: 3,
  kill: 2,
  hang: 1,
  advance: 6,
  pass: 10,
  answer: 4,
  emit: 2,
  retry: 2,
  sweep: 1,
};

const operations = fc.array(
  fc.record({
    name: fc.oneof(...operationNames.map((name) => ({ arbitrary: fc.constant(name), weight: weights[name] }))),
    a: fc.nat({ max: 1_000 }),
    b: fc.nat({ max: 1_000 }),
  }),
  { minLength: 30, maxLength: 80 },
);

async function empty(kernel: Kernel): Promise<void> {
  await kernel.database.query(
    "truncate roost.run, roost.step, roost.wait, roost.question, roost.lane, roost.worker, roost.spend, roost.reservation, roost.run_history, roost.step_history, roost.gate, roost.group_member",
  );
}

function assertEffects(program: RunProgram): void {
  for (const [key, { effect, count }] of program.performed) {
    if (effect === "unsafe") assert.ok(count <= 1, `the unsafe effect ${key} was performed ${count} times`);
  }
}

/** Whatever is recorded as done was done. */
async function assertDoneIsDone(kernel: Kernel, program: RunProgram): Promise<void> {
  const rows = await kernel.database.query<{ key: string }>(
    `select distinct idempotency_key as key from roost.step_all where state = 'done' and kind = 'tool'`,
  );
  for (const { key } of rows)
    assert.ok((program.performed.get(key)?.count ?? 0) >= 1, `${key} is recorded as done and never happened`);
}

test("random programs of runs keep every promise, and all runs end", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  await setBudgets(kernel, { caps: [{ scope: "agent:agent-0", window: "total", usdMax: 3 }] });
  await fc.assert(
    fc.asyncProperty(operations, async (program) => {
      await empty(kernel);
      await using running = new RunProgram({ kernels: [kernel], clock: test.clock, isExclusive: true });
      for (const [index, operation] of program.entries()) {
        await running.apply(operation);
        if (index % 4 !== 3) continue;
        assert.deepEqual(
          await findViolations(kernel.database, { isStill: true }),
          [],
          `after operation ${index}, ${JSON.stringify(operation)}`,
        );
      }
      await running.drain();
      assert.deepEqual(await findViolations(kernel.database, { isStill: true }), [], "in the end");
      assertEffects(running);
      await assertDoneIsDone(kernel, running);
    }),
    { numRuns: programCount, seed: 20_251_121 },
  );
});

test("many at once never wait for each other in a circle, and keep every promise", async () => {
  await using test = await createTestKernel();
  const others = await Promise.all([test.openAnother({ poolMax: 6 }), test.openAnother({ poolMax: 6 })]);
  const deadlocks = { count: 0 };
  await using opened = new AsyncDisposableStack();
  const kernels: Kernel[] = [];
  for (const { database } of others) {
    kernels.push(
      opened.use(
        await openKernel({ database: countingDeadlocks(database, deadlocks), logger: silentLogger, migrate: false }),
      ),
    );
  }
  await using program = new RunProgram({ kernels, clock: test.clock, isExclusive: false, workerCount: 4 });
  const streams = fc.sample(operations, { numRuns: streamCount, seed: 7 });
  for (let first = 0; first < streams.length; first += 6) {
    const outcomes = await Promise.allSettled(
      streams.slice(first, first + 6).map(async (stream) => {
        for (const operation of stream) await program.apply(operation);
      }),
    );
    assert.deepEqual(
      outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : [])),
      [],
    );
    assert.deepEqual(await findViolations(test.database, { isStill: false }), []);
  }
  await program.drain();

  assert.deepEqual(await findViolations(test.database, { isStill: true }), []);
  assertEffects(program);
  await assertDoneIsDone(test.kernel, program);
  assert.equal(deadlocks.count, 0, "transactions waited for each other in a circle");
});

/** Deadlocks are survived by running the transaction again; the order of locks must not need that. */
function countingDeadlocks(database: Database, deadlocks: { count: number }): Database {
  const counted: Database["transact"] = (work, options) =>
    database.transact(async (tx) => {
      try {
        return await work(tx);
      } catch (error) {
        if (sqlStateOf(error) === "40P01") deadlocks.count += 1;
        throw error;
      }
    }, options);
  return new Proxy(database, {
    get(target, name) {
      if (name === "transact") return counted;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
