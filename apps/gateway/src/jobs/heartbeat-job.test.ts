import assert from "node:assert/strict";
import { test } from "node:test";
import { Settings } from "@roost/memory/settings";
import { heartbeatJob } from "./heartbeat-job.ts";

test("heartbeatJob() hands every cap of the settings on, calls of models as well", () => {
  const budget = { usdMax: 0.5, tokensMax: 20_000, callsMax: 7 };
  const job = heartbeatJob(Settings.parse({ heartbeat: { budget } })) as { budget: unknown };
  assert.deepEqual(job.budget, budget);
});
