import assert from "node:assert/strict";
import { test } from "node:test";
import type { CoolDown } from "@roost/agent";
import { createTestKernel } from "@roost/kernel/testing";
import { openHomeCoolDowns } from "./open-home-cool-downs.ts";

test("openHomeCoolDowns() lets every process skip a provider that refused one of them, also after a restart", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  using first = await openHomeCoolDowns(kernel);
  using second = await openHomeCoolDowns(kernel);
  const refused: CoolDown = {
    failureCount: 1,
    untilMs: kernel.clock.nowMs() + 60_000,
    lastAttemptMs: kernel.clock.nowMs(),
    code: "unauthenticated",
    status: 401,
    message: "no such key",
  };
  await first.update("a", () => refused);
  assert.deepEqual((await second.read(["a", "b"])).get("a"), refused);
  using later = await openHomeCoolDowns(kernel);
  assert.deepEqual((await later.read(["a"])).get("a"), refused);
  await second.update("a", () => undefined);
  assert.equal((await first.read(["a"])).size, 0);
  assert.equal((await later.read(["a"])).size, 0);
});
