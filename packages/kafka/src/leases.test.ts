import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { createTestDatabase } from "@roost/database/testing";
import { readKernelSchema } from "@roost/kernel";
import { holdPartitions } from "./hold-partitions.ts";
import { createLeases, isLeaseGone, type LeasedPartition } from "./leases.ts";
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

test("holdPartitions() gives back also what a claim brings that was under way when all was given up", async () => {
  const [of] = partitions;
  const answer = Promise.withResolvers<LeasedPartition[]>();
  let held = 0;
  const leases = {
    purpose: "relay",
    claim: async () => {
      const claimed = await answer.promise;
      held = claimed.length;
      return claimed;
    },
    msLeft: () => 60_000,
    require: async () => {},
    release: async () => void (held = 0),
  };
  await using holding = holdPartitions(leases, { wanted: () => [of!], leaseMs: 3_600_000, logger: silentLogger });
  const claiming = holding.claim();
  await holding.giveUp();
  answer.resolve([{ ...of!, epoch: 1 }]);
  await claiming;
  assert.deepEqual([held, holding.now()], [0, []]);
});
