import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCompatibility } from "../check-compatibility.ts";
import { createValidator } from "../create-validator.ts";
import { toJsonSchema } from "../to-json-schema.ts";
import { roostEvents, type RoostEventData } from "./roost-events.ts";

const topics = [
  "access",
  "coordination",
  "home",
  "jobs",
  "notices",
  "proxy",
  "routing",
  "runs",
  "sessions",
  "webhooks",
];

test("roostEvents have their own type each, and one of ten topics", () => {
  const types = roostEvents.map((event) => event.type);
  assert.equal(new Set(types).size, types.length);
  assert.deepEqual([...new Set(roostEvents.map((event) => event.topic))].toSorted(), topics);
});

test("roostEvents have a closed JSON Schema that validates, and that is compatible with itself both ways", () => {
  for (const event of roostEvents) {
    const schema = toJsonSchema(event.schema);
    assert.equal(schema["additionalProperties"], false, event.type);
    const validate = createValidator(schema);
    assert.ok(
      validate({ nonsense: true }).some((complaint) => complaint.includes('unknown field "nonsense"')),
      event.type,
    );
    assert.deepEqual(checkCompatibility([schema], schema, "full_transitive"), { compatible: true }, event.type);
  }
});

test("roostEvents take what is left out or undefined, and refuse texts over their limit", () => {
  const started = roostEvents.find((event) => event.type === "run.started");
  const validate = createValidator(toJsonSchema(started!.schema));
  const data: RoostEventData<"run.started"> = { runId: "r", workerId: "w", epoch: 1, attempt: 1, jobId: undefined };
  assert.deepEqual(validate(data), []);
  assert.deepEqual(validate({ ...data, workerId: "w".repeat(201) }), [
    "workerId: must NOT have more than 200 characters",
  ]);
});
