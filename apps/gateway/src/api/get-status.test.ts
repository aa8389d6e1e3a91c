import assert from "node:assert/strict";
import { test } from "node:test";
import { readDiskAlarms } from "../records/read-disk-alarms.ts";
import { createTestGateway } from "../testing/create-test-gateway.ts";

test("getStatus() raises an alarm without a worker and without a scheduler", async () => {
  await using gateway = await createTestGateway();
  const { client, test: world } = gateway;
  await client.defineJob({ jobId: "sweep", trigger: { kind: "every", every: "1h" }, prompt: "Sweep" });
  await world.clock.advance(2 * 3_600_000);
  const { alarms } = await client.getStatus();
  assert.deepEqual(
    alarms.map(({ code }) => code),
    ["no_worker", "job_not_ticking"],
  );
});

test("readDiskAlarms() raises an alarm for a disk that is nearly full, and none where that cannot be told", async () => {
  const read = async (free: number | undefined) =>
    (await readDiskAlarms("/home", async () => free)).map(({ code, text }) => `${code}: ${text}`).join();
  assert.match(await read(5 * 1024 ** 2 + 7), /^disk_full: The disk of the home has 5 MiB left: free some space/);
  assert.match(await read(0), /has 0 MiB left/);
  assert.deepEqual([await read(1024 ** 3), await read(undefined)], ["", ""]);
});
