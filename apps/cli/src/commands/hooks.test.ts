import assert from "node:assert/strict";
import { test } from "node:test";
import type { HookRecord } from "@roost/contract/operations";
import { someRunId, someTime } from "../testing/records.ts";
import { runRoost } from "../testing/run-roost.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

const hook: HookRecord = {
  id: someRunId,
  name: "shop",
  form: "standard",
  path: "/hooks/shop",
  keyRef: null,
  receivedCount: 3,
  receivedAt: null,
  createdBy: "person:owner",
  createdAt: someTime,
};

test("roost hooks lists, adds, rotates and removes hooks, and prints a key alone", async () => {
  const asked: unknown[] = [];
  await using gateway = await serveGateway({
    listHooks: () => ({ items: [hook], next: null }),
    addHook: (input) => {
      asked.push(input);
      return { hook, key: input.keyRef === undefined ? "whsec_new" : null };
    },
    rotateHook: (input) => {
      asked.push(input);
      return { hook, key: "whsec_other" };
    },
    removeHook: () => ({ hook }),
  });
  assert.match((await runRoost(["hooks"], gateway)).stdout, /shop +\/hooks\/shop +standard +in the home +3 +never/);
  const added = await runRoost(["hooks", "add", "github", "--github"], gateway);
  assert.equal(added.stdout, "whsec_new\n");
  assert.match(added.stderr, /Deliveries go to http:\/\/127\.0\.0\.1:\d+\/hooks\/shop/);
  const kept = await runRoost(["hooks", "add", "shop", "--key-ref", "env:SHOP_KEY"], gateway);
  assert.equal(kept.stdout, "");
  assert.equal((await runRoost(["hooks", "rotate", "shop", "--overlap", "1h"], gateway)).stdout, "whsec_other\n");
  assert.match((await runRoost(["hooks", "remove", "shop"], gateway)).stdout, /Removed shop/);
  assert.deepEqual(asked, [
    { name: "github", form: "github" },
    { name: "shop", form: "standard", keyRef: "env:SHOP_KEY" },
    { name: "shop", overlapMs: 3_600_000 },
  ]);
});
