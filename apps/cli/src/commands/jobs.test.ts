import assert from "node:assert/strict";
import { test } from "node:test";
import { runRoost } from "../testing/run-roost.ts";
import { someJob, someStatus } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

const narrow = { COLUMNS: "80" };
const longId = "a-job-with-a-long-name-that-somebody-has-to-type";
const getStatus = () => someStatus({ timeZone: "Europe/Berlin" });

test("roost jobs list shows ids whole, and moments and zones as the home's", async () => {
  const { definition } = someJob();
  const title = "A title that is so long that it says the same as the id and more";
  const jobs = [
    someJob({ id: longId, definition: { ...definition, title, trigger: { kind: "at", at: "2027-06-01T07:00:00Z" } } }),
    someJob({
      definition: { ...definition, trigger: { kind: "cron", expression: "0 6 * * *", timeZone: "Europe/Berlin" } },
    }),
  ];
  await using gateway = await serveGateway({
    getStatus,
    listJobs: () => ({ items: jobs, next: null, unreadable: [] }),
  });
  const { stdout } = await runRoost(["jobs", "list"], { ...gateway, environment: narrow });
  assert.ok(stdout.includes(longId), stdout);
  assert.match(stdout, /once at 2027/);
  assert.doesNotMatch(stdout, /07:00|Europe/);
});
