import assert from "node:assert/strict";
import { test } from "node:test";
import { assignPartitions, type MemberTopics, type OwnedPartition } from "./assign-partitions.ts";

const member = (memberId: string, ...topics: string[]): MemberTopics => ({ memberId, topics });
const partitions = (topic: string, owners: (string | null)[]): OwnedPartition[] =>
  owners.map((owner, partition) => ({ topic, partition, owner }));

test("assignPartitions() shares partitions out evenly", () => {
  const assigned = assignPartitions([member("b", "t"), member("a", "t")], partitions("t", [null, null, null, null]));
  assert.deepEqual(assigned, ["a", "b", "a", "b"]);
});

test("assignPartitions() moves no more than fairness asks for", () => {
  const assigned = assignPartitions(
    [member("a", "t"), member("b", "t"), member("c", "t")],
    partitions("t", ["a", "a", "a", "b", "b", "b"]),
  );
  assert.equal(assigned.filter((owner) => owner === "c").length, 2);
  assert.equal(assigned.filter((owner, index) => owner !== "c" && owner !== (index < 3 ? "a" : "b")).length, 0);
});

test("assignPartitions() gives what a dead member had to the others, and leaves theirs alone", () => {
  assert.deepEqual(assignPartitions([member("b", "t")], partitions("t", [null, "b"])), ["b", "b"]);
});

test("assignPartitions() gives a member only topics that it reads", () => {
  const assigned = assignPartitions(
    [member("a", "s", "t"), member("b", "t")],
    [...partitions("s", [null, null]), ...partitions("t", ["a", "a"]), ...partitions("u", [null])],
  );
  assert.deepEqual(assigned, ["a", "a", "b", "b", null]);
});

test("assignPartitions() is fair and stable for any members and owners", () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 300; round += 1) {
    const members = Array.from({ length: 1 + random(6) }, (_, n) => member(`m${n}`, "t"));
    const owned = partitions(
      "t",
      Array.from({ length: random(20) }, () => (random(3) === 0 ? null : `m${random(8)}`)),
    );
    const assigned = assignPartitions(members, owned);
    const counts = members.map(({ memberId }) => assigned.filter((owner) => owner === memberId).length);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, JSON.stringify({ owned, assigned }));
    const again = owned.map((partition, index) => ({ ...partition, owner: assigned[index]! }));
    assert.deepEqual(assignPartitions(members, again), assigned);
  }
});
