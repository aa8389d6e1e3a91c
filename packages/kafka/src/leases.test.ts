import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { createTestDatabase } from "@roost/database/testing";
import { readKernelSchema } from "@roost/kernel";
import { holdPartitions } from "./hold-partitions.ts";
import { createLeases, isLeaseGone, nameOf, type Leases, type PartitionName } from "./leases.ts";
import { migrateKafka } from "./migrate-kafka.ts";

const [one, two] = ["018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"] as const;
const partitions = [0, 1, 2].map((partition) => ({ topic: "notes", partition }));

test("Partitions have one owner at a time, whose epoch goes up with each change, and older ones are refused", async () => {
  await using place = await createTestDatabase({ migrations: await readKernelSchema() });
  const { database } = place;
  await migrateKafka(database);
  const open = (owner: string, purpose = "relay") => createLeases(database, { purpose, owner, leaseMs: 60_000 });
  const [mine, theirs] = [open(one), open(two)];
  assert.deepEqual(
    (await mine.claim(partitions)).map(({ epoch }) => epoch),
    [1, 1, 1],
  );
  assert.deepEqual(
    (await mine.claim(partitions)).map(({ epoch }) => epoch),
    [1, 1, 1],
  );
  assert.deepEqual(await theirs.claim(partitions), []);
  assert.equal((await open(two, "group").claim(partitions)).length, 3);
  assert.ok(mine.msLeft() > 0);
  const held = { topic: "notes", partition: 0, epoch: 1 };
  await database.transact(async (tx) => {
    await mine.require(tx, held);
    // What is recorded keeps no renewal from its partition.
    assert.equal((await mine.claim(partitions)).length, 3);
  });
  // As if it had been frozen for longer than its lease.
  await database.query("update kafka.lease set expires_at = roost.now() - interval '1 second' where purpose = 'relay'");
  await assert.rejects(
    database.transact((tx) => mine.require(tx, held)),
    isLeaseGone,
  );
  assert.deepEqual(
    (await theirs.claim(partitions)).map(({ epoch }) => epoch),
    [2, 2, 2],
  );
  await assert.rejects(
    database.transact((tx) => mine.require(tx, held)),
    isLeaseGone,
  );
  await mine.release();
  assert.deepEqual(await mine.claim(partitions), []);
  await theirs.release();
  assert.deepEqual(
    (await mine.claim(partitions)).map(({ epoch }) => epoch),
    [3, 3, 3],
  );
});

test("holdPartitions() gives back what could not be reached twice in a row, and also what a claim brings that was under way", async () => {
  const gate = Promise.withResolvers<void>();
  let isOpen = true;
  let owned: PartitionName[] = [];
  const leases: Leases = {
    purpose: "relay",
    async claim(wanted) {
      if (!isOpen) await gate.promise;
      owned = [...wanted];
      return wanted.map((each) => ({ ...each, epoch: 1 }));
    },
    msLeft: () => 60_000,
    require: async () => {},
    release: async (given = owned) => void (owned = owned.filter((each) => !given.some((one) => isSame(one, each)))),
  };
  await using holding = holdPartitions(leases, { wanted: () => partitions, leaseMs: 3_600_000, logger: silentLogger });
  const now = () => holding.now().map(({ partition }) => partition);
  await holding.claim();
  const [first, second, third] = partitions as [PartitionName, PartitionName, PartitionName];
  await holding.missed([first, second]);
  holding.reached([first]);
  await holding.missed([first, second]);
  assert.deepEqual(now(), [0, 2]);
  isOpen = false;
  const claiming = holding.claim();
  await holding.missed([first]);
  gate.resolve();
  await claiming;
  assert.deepEqual([owned, now()], [[third], [2]]);
});

function isSame(one: PartitionName, other: PartitionName): boolean {
  return nameOf(one) === nameOf(other);
}
