/** Rows that no input can make are put into the tables by SQL: lists answer without them and name them, and all else goes on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fireDueTicks } from "@roost/jobs";
import { createTestGateway, type TestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";

const lists = ["/jobs", "/status", "/activity"];

async function ask(gateway: TestGateway, path: string): Promise<{ unreadable?: { id: string | null }[] }> {
  const answer = await gateway.ask(`/api/v1${path}`);
  assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
  return (await answer.json()) as { unreadable?: { id: string | null }[] };
}

const poisons: [what: string, change: string][] = [
  ["a moment in the year 10000", "next_at = '10000-01-01T00:00:00Z', fire_at = '10000-01-01T00:00:00Z'"],
  ["a moment that is no date", "next_at = '-infinity', fire_at = '-infinity'"],
  ["a definition that lacks everything", "definition = '{}'"],
  ["a trigger of no kind", `definition = definition || '{"trigger":{"kind":"never"}}', trigger = '{"kind":"never"}'`],
  ["an updated_at without a date", "updated_at = 'infinity'"],
];

for (const [what, change] of poisons) {
  test(`U: a job with ${what} takes no list with it, is named, and can be removed; the others tick`, async () => {
    await using gateway = await createTestGateway();
    const { client, kernel, test: world } = gateway;
    await world.clock.set(new Date("2026-03-02T10:00:00Z"));
    for (const jobId of ["bad", "good"])
      await client.defineJob({ jobId, trigger: { kind: "every", every: "1m" }, prompt: "x" });
    await world.database.query(`update roost.job set ${change} where id = 'bad'`);
    const page = await ask(gateway, "/jobs");
    assert.deepEqual(
      page.unreadable?.map(({ id }) => id),
      ["bad"],
    );
    for (const path of lists) await ask(gateway, path);
    const one = await gateway.ask("/api/v1/jobs/bad");
    const { detail } = (await one.json()) as { detail: string };
    assert.deepEqual([one.status, /: .*job\..*; a stored row cannot be shown$/.test(detail)], [500, true], detail);
    await world.clock.set(new Date("2026-03-02T10:02:30Z"));
    await fireDueTicks(kernel);
    assert.equal((await client.getJob({ jobId: "good" })).job.lastTick?.outcome, "fired");
    for (const path of lists) await ask(gateway, path);
    await gateway.ask("/api/v1/jobs/bad", { method: "DELETE" });
    assert.deepEqual(
      (await client.listJobs({})).items.map(({ id }) => id),
      ["good"],
    );
  });
}
