import assert from "node:assert/strict";
import { test } from "node:test";
import type { TickRecord } from "@roost/contract/operations";
import { createTickReader } from "./create-tick-reader.ts";

test("createTickReader() asks once for all jobs that are asked for together, and again later", async () => {
  const calls: number[] = [];
  const read = createTickReader({
    listLatestTicks: async ({ jobIds }) => {
      calls.push(jobIds.length);
      return { items: jobIds.filter((id) => id !== "j3").map((jobId) => ({ jobId }) as TickRecord) };
    },
  });
  const ids = Array.from({ length: 201 }, (_, index) => `j${index}`);
  const found = await Promise.all(ids.map((id) => read(id)));
  assert.deepEqual(calls, [200, 1]);
  assert.deepEqual([found[3], found[200]], [[], [{ jobId: "j200" }]]);
  assert.deepEqual(await read("j1"), [{ jobId: "j1" }]);
  assert.deepEqual(calls, [200, 1, 1]);
});
