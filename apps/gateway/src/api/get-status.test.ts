import assert from "node:assert/strict";
import { test } from "node:test";
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
