import assert from "node:assert/strict";
import { test } from "node:test";
import { runRoost } from "../testing/run-roost.ts";
import { someEvent, someStatus } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

const narrow = { COLUMNS: "80" };
const getStatus = () => someStatus({ timeZone: "Europe/Berlin" });

test("roost log tail says what happened in words, in the home's time; --json gives the event", async () => {
  const event = {
    ...someEvent("job.defined", { by: "home", jobVersion: 3, definition: { prompt: "x" } }),
    subject: "blog",
  };
  async function* tailEvents() {
    yield { id: "1", data: event };
  }
  await using gateway = await serveGateway({ getStatus, tailEvents });
  const { stdout } = await runRoost(["log", "tail"], { ...gateway, environment: narrow });
  assert.equal(stdout, "2025-06-01 10:00:00 job.defined      blog  version 3\n");
  const json = await runRoost(["log", "tail", "--json"], gateway);
  assert.deepEqual((JSON.parse(json.stdout) as { data: object }).data, event.data);
});

test("roost log tail refuses a misspelt type instead of waiting for it", async () => {
  const schema = {
    type: "run.failed",
    version: 1,
    topic: "runs",
    compatibility: "none",
    isUpcast: false,
    schema: {},
    registeredAt: "2025-06-01T08:00:00.000Z",
  };
  await using gateway = await serveGateway({
    getStatus,
    listSchemas: () => ({ items: [schema], next: null }),
  } as never);
  const { code, stderr } = await runRoost(["log", "tail", "--type", "run.faild"], gateway);
  assert.deepEqual([code, stderr], [64, 'roost: no event type "run.faild" is registered; did you mean run.failed?\n']);
});
