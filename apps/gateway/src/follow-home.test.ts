import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { followHome } from "./follow-home.ts";
import { createTestGateway } from "./testing/create-test-gateway.ts";

test("followHome() has in force what the home applies at once, and of what waits for a start that of this one", async () => {
  await using home = await createTestGateway({ files: { "roost.yaml": "timeZone: Europe/Berlin\n" } });
  let askedCount = 0;
  const supervised = { askForAnother: () => (askedCount += 1) > 0 };
  const keeper = await followHome(home.memory, { supervised, environment: {}, settledMs: 1 });
  const shown = () => {
    const { timeZone, budgets, listen } = keeper.inForce();
    return { timeZone, budgets, host: listen.host };
  };
  const before = shown();
  const stop = new AbortController();
  await writeFile(
    join(home.homeDir, "roost.yaml"),
    "timeZone: Europe/Paris\nbudgets: { day: { usdMax: 3 } }\nlisten: { host: 10.0.0.9 }\n",
  );
  const model = { facts: { mode: "rehearsal", provider: null, name: null, reason: "a test" } } as never;
  const running = keeper.run({ model, signal: stop.signal });
  await until("a start is asked for", () => askedCount > 0);
  stop.abort();
  await running;
  assert.deepEqual(shown(), { ...before, budgets: { day: { usdMax: 3 } } });
});
