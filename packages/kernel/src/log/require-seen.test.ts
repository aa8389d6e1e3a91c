import assert from "node:assert/strict";
import { test } from "node:test";
import { deliverEventWaits } from "../runs/event-waits.ts";
import { waitInRun } from "../runs/wait-in-run.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { claim, claimOne, joinWorker, startRun } from "../testing/drive-runs.ts";

const notice = (text: string) => ({ type: "notice.raised", data: { noticeId: text, level: "info", text } });

/** The head says that there is an event more than can be seen, as it does until a connection knows the event's segment. */
async function hideEvent<T>({ database }: TestKernel, work: () => Promise<T>): Promise<T> {
  const move = (by: number) =>
    database.query("update roost.partition_head set next_offset = next_offset + $1 where topic = 'notices'", [by]);
  await move(1);
  try {
    return await work();
  } finally {
    await move(-1);
  }
}

test("deliverEventWaits() moves past no event that it has not seen", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { owned } = await claimOne(kernel, worker);
  await waitInRun(kernel, owned, { seq: 1, wait: { kind: "event", eventType: "notice.raised" } });
  await assert.rejects(
    hideEvent(opened, () => deliverEventWaits(kernel)),
    { code: "unavailable", message: /in favour of others 8 times/ },
  );
  await kernel.append([notice("first")]);
  assert.equal(await deliverEventWaits(kernel), 1);
  assert.equal((await claim(kernel, worker)).length, 1);
});
