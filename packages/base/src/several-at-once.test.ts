import assert from "node:assert/strict";
import { test } from "node:test";
import { severalAtOnce } from "./several-at-once.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("severalAtOnce() works on each once, never on more at once than it may", async () => {
  const begun: number[] = [];
  let [underWay, most] = [0, 0];
  await severalAtOnce([1, 2, 3, 4, 5], 2, async (n) => {
    begun.push(n);
    underWay += 1;
    most = Math.max(most, underWay);
    await turn();
    underWay -= 1;
  });
  assert.deepEqual([begun, most], [[1, 2, 3, 4, 5], 2]);
  await severalAtOnce([], 2, () => Promise.reject(new Error("there is none")));
});

test("severalAtOnce() begins none after a failure, and throws it when those under way have ended", async () => {
  const ended: number[] = [];
  const working = severalAtOnce([1, 2, 3, 4], 2, async (n) => {
    await turn();
    if (n === 1) throw new Error("one");
    await turn();
    ended.push(n);
  });
  await assert.rejects(working, /^Error: one$/);
  assert.deepEqual(ended, [2]);
});
