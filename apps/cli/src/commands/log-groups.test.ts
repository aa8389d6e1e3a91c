import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import type { ConsumerGroupRecord, GroupPartitionRecord } from "@roost/contract/operations";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const partition: GroupPartitionRecord = {
  topic: "runs",
  partition: 0,
  cursor: 12,
  earliest: 0,
  head: 20,
  lagCount: 8,
  lagMs: 61_000,
  state: "failing",
  movedAt: "2025-06-01T06:00:00.000Z",
  lastError: { code: "internal", message: "cannot digest \u001b[2Jit" },
  failedAt: "2025-06-01T06:00:00.000Z",
  failureCount: 3,
  retryAt: null,
  eventId: "e-12",
  eventType: "run.started",
  isPinned: false,
};

const group: ConsumerGroupRecord = { name: "readers", isOwn: false, setAsideAfter: null, partitions: [partition] };

test("roost log groups tells who is behind, and what to do about what fails", async () => {
  await using gateway = await serveGateway({
    listGroups: () => ({ items: [group], next: null }),
    getGroup: () => ({ group }),
  });
  const list = await runRoost(["log", "groups"], gateway);
  assert.match(list.stdout, /readers +failing +8 +1m 1s/);
  const one = await runRoost(["log", "groups", "readers"], gateway);
  assert.match(one.stdout, /runs\/0 +failing +12 +20 +8 +1m 1s/);
  assert.match(one.stderr, /run\.started \(offset 12, id e-12\).*roost log groups skip readers runs\/0/);
  assert.ok(!one.stdout.includes("\u001b"));
  const json = await runRoost(["log", "groups", "readers", "--json"], gateway);
  assert.deepEqual(JSON.parse(json.stdout), { group });
});

test("roost log groups skip asks where the group fails, and passes over nothing else", async () => {
  const asked: unknown[] = [];
  let state: GroupPartitionRecord["state"] = "failing";
  await using gateway = await serveGateway({
    getGroup: () => ({ group: { ...group, partitions: [{ ...partition, state }] } }),
    skipEvent: (skip) => {
      asked.push(skip);
      return { eventId: "e", nextOffset: 13 };
    },
  });
  const { stdout, code } = await runRoost(
    ["log", "groups", "skip", "readers", "runs/0", "--reason", "nonsense"],
    gateway,
  );
  assert.equal(code, 0);
  assert.match(stdout, /Skipped offset 12 of runs\/0; readers continues at 13/);
  assert.deepEqual(asked, [{ group: "readers", topic: "runs", partition: 0, offset: 12, reason: "nonsense" }]);
  state = "lagging";
  const refused = await runRoost(["log", "groups", "skip", "readers", "runs/0"], gateway);
  assert.equal(refused.code, 73);
  assert.match(refused.stderr, /has no failing event in runs\/0: it is lagging/);
});

test("roost log groups reset says where to, and exits by the refusal", async () => {
  const asked: unknown[] = [];
  await using gateway = await serveGateway({
    resetGroup: (reset) => {
      asked.push(reset);
      if (reset.force) return { moved: [{ topic: "runs", partition: 0, from: 12, to: 3 }] };
      throw new RoostError("conflict", 'group "readers" has 1 live member');
    },
  });
  const reset = (...rest: string[]) => runRoost(["log", "groups", "reset", "readers", ...rest], gateway);
  assert.equal((await reset("--to", "earliest")).code, 73);
  const moved = await reset("--to", "3", "-p", "runs/0", "--force");
  assert.match(moved.stdout, /runs\/0: 12 → 3/);
  assert.equal((await reset("--to", "2025-06-01T06:00:00Z")).code, 73);
  assert.equal((await reset("--to", "sometimes")).code, 64);
  assert.equal((await reset("--to", "earliest", "-p", "runs")).code, 64);
  assert.deepEqual(asked, [
    { group: "readers", to: "earliest", force: false },
    { group: "readers", topic: "runs", partition: 0, offset: 3, force: true },
    { group: "readers", since: "2025-06-01T06:00:00.000Z", force: false },
  ]);
});
