import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { beginOnce, failOnce, finishOnce } from "./begin-once.ts";
import { listOnce } from "./list-once.ts";

test("listOnce() lists what was done, is being done or is unknown, page by page, and nothing that is free again", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const begin = (key: string, scope = "blog") => beginOnce(kernel, { scope, key, holder: `h-${key}`, ttlMs: 60_000 });
  const tokenOf = async (key: string) => (await begin(key)).token ?? "";
  await begin("late");
  await finishOnce(kernel, { scope: "blog", key: "done", token: await tokenOf("done"), result: 1 });
  await failOnce(kernel, { scope: "blog", key: "free", token: await tokenOf("free") });
  await clock.advance(61_000);
  await begin("now", "cli");
  const shown = async (options: Partial<Parameters<typeof listOnce>[1]>) => {
    const { items, isMore } = await listOnce(kernel, { limit: 10, ...options });
    return [...items.map(({ scope, key, state }) => `${scope}/${key} ${state}`), ...(isMore ? ["more"] : [])];
  };
  assert.deepEqual(await shown({}), ["blog/done done", "blog/late unknown", "cli/now in_progress"]);
  assert.deepEqual(await shown({ limit: 1, after: { scope: "blog", key: "done" } }), ["blog/late unknown", "more"]);
  assert.deepEqual(await shown({ scope: "cli" }), ["cli/now in_progress"]);
  assert.deepEqual(await shown({ state: "unknown" }), ["blog/late unknown"]);
});
