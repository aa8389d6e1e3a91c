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

test("roost log read without --partition says which one it read and what reads the others", async () => {
  const event = { ...someEvent("job.defined", { by: "home", jobVersion: 3 }), subject: "blog" };
  const page = { items: [event], nextOffset: 1, headOffset: 1 };
  const partition = (number: number) => ({ partition: number, firstOffset: 0, nextOffset: 1 });
  const topic = (name: string, count: number) => ({
    name,
    retentionMs: null,
    partitions: Array.from({ length: count }, (_, number) => partition(number)),
  });
  await using gateway = await serveGateway({
    getStatus,
    readEvents: () => page,
    listTopics: () => ({ items: [topic("jobs", 16), topic("notes", 1)], next: null }),
  });
  const read = async (...args: string[]) => (await runRoost(["log", "read", ...args], gateway)).stderr;
  assert.match(
    await read("jobs"),
    /^This was partition 0 of 0 to 15: --partition reads another, \S*roost log tail --topic jobs reads all\n$/,
  );
  assert.equal(await read("jobs", "--partition", "0"), "");
  assert.equal(await read("notes"), "");
});
