import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeadLetterRecord } from "@roost/contract/operations";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const letter: DeadLetterRecord = {
  number: 12,
  group: "roost.event-jobs",
  key: "inbox",
  topic: "mail",
  partition: 1,
  offset: 7,
  eventId: "e",
  eventType: "mail.received",
  state: "given_up",
  attempts: 5,
  retryAt: null,
  error: { code: "invalid_input", message: "the budget is out of bounds" },
  parkedAt: "2025-06-01T06:00:00.000Z",
};

test("roost log dead lists what could not be delivered, and roost log retry delivers or discards it", async () => {
  const asked: unknown[] = [];
  await using gateway = await serveGateway({
    listDeadLetters: () => ({ items: [letter], next: null }),
    retryDeadLetters: (choice) => {
      asked.push(choice);
      return { count: 3 };
    },
    dropDeadLetters: (choice) => {
      asked.push(choice);
      return { count: 1 };
    },
  });
  const list = await runRoost(["log", "dead", "--key", "inbox"], gateway);
  assert.match(list.stdout, /12 +inbox +mail\.received +mail\/1:7 +given up +5 .*the budget is out of bounds/);
  const retried = await runRoost(["log", "retry", "--key", "inbox"], gateway);
  assert.match(retried.stdout, /3 events will be delivered again now/);
  const dropped = await runRoost(["log", "retry", "12", "--drop", "--reason", "a test"], gateway);
  assert.match(dropped.stdout, /Discarded 1 event/);
  assert.deepEqual(asked, [{ key: "inbox" }, { number: 12, reason: "a test" }]);
  assert.equal((await runRoost(["log", "retry"], gateway)).code, 64);
  const unsaid = await runRoost(["log", "retry", "12", "--drop"], gateway);
  assert.deepEqual([unsaid.code, /give --reason/.test(unsaid.stderr)], [64, true]);
});
