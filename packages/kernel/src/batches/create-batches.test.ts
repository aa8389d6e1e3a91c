import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, RoostError, silentLogger } from "@roost/base";
import { batchSizeMax, createBatches, type BatchOutcome } from "./create-batches.ts";

function recorder() {
  const batches: number[][] = [];
  const run = async (items: number[]): Promise<BatchOutcome<number>[]> => {
    batches.push(items);
    await new Promise((resolve) => setImmediate(resolve));
    return items.map((item) => (item < 0 ? { error: new Error(`no ${item}`) } : { value: item * 10 }));
  };
  return { batches, run };
}

test("createBatches() sends together what comes while a batch is under way", async () => {
  await using batches = createBatches({ logger: silentLogger });
  const { batches: seen, run } = recorder();
  const first = batches.submit("kind", 1, run);
  await Promise.resolve();
  await Promise.resolve();
  const rest = [2, 3, 4].map((item) => batches.submit("kind", item, run));

  assert.deepEqual(await Promise.all([first, ...rest]), [10, 20, 30, 40]);
  assert.deepEqual(seen, [[1], [2, 3, 4]]);
});

test("createBatches() splits what is more than a batch", async () => {
  await using batches = createBatches({ logger: silentLogger });
  const { batches: seen, run } = recorder();
  await Promise.all(Array.from({ length: batchSizeMax + 5 }, (_, item) => batches.submit("kind", item, run)));
  assert.deepEqual(
    seen.map((items) => items.length),
    [batchSizeMax, 5],
  );
});

test("createBatches() lets a failed item fail alone", async () => {
  await using batches = createBatches({ logger: silentLogger });
  const { run } = recorder();
  const outcomes = await Promise.allSettled([1, -2, 3].map((item) => batches.submit("kind", item, run)));
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});

test("createBatches() tries items one by one when a batch fails as a whole", async () => {
  await using batches = createBatches({ logger: silentLogger });
  const run = async (items: number[]): Promise<BatchOutcome<number>[]> => {
    if (items.includes(2)) throw new RoostError("invalid_input", "two is wrong");
    return items.map((value) => ({ value }));
  };
  const outcomes = await Promise.allSettled([1, 2, 3].map((item) => batches.submit("kind", item, run)));
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});

test("createBatches() tells of a batch that fails together and not one by one, and of no other", async () => {
  const lines: string[] = [];
  await using batches = createBatches({
    logger: createLogger({ level: "error", write: (line) => void lines.push(line) }),
  });
  const failingTogether = async (items: number[]): Promise<BatchOutcome<number>[]> => {
    if (items.length > 1) throw new Error("not more than one");
    return items.map((value) => ({ value }));
  };
  const together = [1, 2, 3].map((each) => batches.submit("together", each, failingTogether));
  assert.deepEqual(await Promise.all(together), [1, 2, 3]);

  const oneWrong = async (items: number[]): Promise<BatchOutcome<number>[]> => {
    if (items.includes(2)) throw new RoostError("invalid_input", "two is wrong");
    return items.map((value) => ({ value }));
  };
  await Promise.allSettled([1, 2, 3].map((each) => batches.submit("one", each, oneWrong)));
  await batches[Symbol.asyncDispose]();
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /"kind":"together","itemCount":3.*not more than one/);
});

test("createBatches() does not repeat a batch whose outcome is unknown", async () => {
  await using batches = createBatches({ logger: silentLogger });
  let calls = 0;
  const run = async (): Promise<never> => {
    calls += 1;
    throw new RoostError("unavailable", "the connection was lost during the commit", {
      details: { outcome: "unknown" },
    });
  };
  const outcomes = await Promise.allSettled([1, 2, 3].map((item) => batches.submit("kind", item, run)));
  assert.ok(
    outcomes.every((outcome) => outcome.status === "rejected" && (outcome.reason as RoostError).code === "unavailable"),
  );
  assert.equal(calls, 1);
});

test("createBatches() refuses when it is closed, after carrying out what it had taken", async () => {
  const batches = createBatches({ logger: silentLogger });
  const { run } = recorder();
  const taken = batches.submit("kind", 1, run);
  await batches[Symbol.asyncDispose]();
  assert.equal(await taken, 10);
  await assert.rejects(batches.submit("kind", 2, run), { code: "unavailable" });
});

test("createBatches() has one batch under way at a time, and serves kinds by turns", async () => {
  await using batches = createBatches({ logger: silentLogger });
  const seen: string[] = [];
  let underWay = 0;
  const run = (kind: string) => async (items: number[]) => {
    underWay += 1;
    assert.equal(underWay, 1);
    seen.push(`${kind} ${items.join("+")}`);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return items.map((value) => ({ value }));
  };
  const begins = run("begin");
  const first = batches.submit("begin", 1, begins);
  // The first goes at once.
  await Promise.resolve();
  await Promise.resolve();
  const rest = [2, 3].map((item) => batches.submit("begin", item, begins));
  const again = first.then(() => batches.submit("begin", 5, begins));
  await Promise.all([first, ...rest, batches.submit("end", 4, run("end")), again]);
  assert.deepEqual(seen, ["begin 1", "begin 2+3", "end 4", "begin 5"]);
});
