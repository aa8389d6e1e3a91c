import assert from "node:assert/strict";
import { test } from "node:test";
import { runRoost } from "../testing/run-roost.ts";
import { someActivity } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

const narrow = { COLUMNS: "80" };
const longId = "a-job-with-a-long-name-that-somebody-has-to-type";

test("roost ps shows ids whole, and calls idle what only a person or an event starts", async () => {
  const idle = someActivity({ kind: "job", id: longId, state: "idle", why: "by hand", sinceAt: null, runId: null });
  const listActivity = () => ({ at: "2025-06-01T08:00:00.000Z", items: [idle], next: null });
  await using gateway = await serveGateway({ listActivity });
  const { stdout } = await runRoost(["ps", "--once"], { ...gateway, environment: narrow });
  assert.ok(stdout.includes(longId) && /\bidle\b/.test(stdout), stdout);
  assert.doesNotMatch(stdout, /\bdue\b/);
});
