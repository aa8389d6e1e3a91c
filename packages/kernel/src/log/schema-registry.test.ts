import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@roost/base";
import { roostEvents } from "@roost/contract/events";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { testEvents } from "../testing/test-events.ts";
import type { EventSchema } from "./event-schema.ts";
import { readTopics } from "./topics.ts";

const closed = (properties: JsonObject, required: string[] = []) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
const number = { type: "number" };
const cake = (version: number, schema: JsonObject, more: Partial<EventSchema> = {}): EventSchema => ({
  type: "cake.eaten",
  version,
  topic: "cakes",
  compatibility: "backward_transitive",
  schema,
  ...more,
});

test("SchemaRegistry.register() takes Roost's own events and makes their topics", async () => {
  await using t = await createTestKernel();
  const registered = await t.kernel.registry.list();
  assert.deepEqual(registered.map((schema) => schema.type).sort(), roostEvents.map((event) => event.type).sort());
  assert.deepEqual(
    [...(await readTopics(t.database)).keys()],
    [...new Set(roostEvents.map((event) => event.topic))].sort(),
  );
});

test("SchemaRegistry.register() changes nothing when it is done again, also by many at once", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const kernels = [t.kernel, await t.openAnother(), await t.openAnother()];
  const before = await t.kernel.registry.list();
  await Promise.all(
    kernels.flatMap((kernel) => [
      kernel.registry.register(testEvents),
      kernel.registry.register([cake(1, closed({ n: number }))]),
    ]),
  );
  const after = await t.kernel.registry.list();
  assert.deepEqual(
    after.filter((schema) => schema.type !== "cake.eaten"),
    before,
  );
  assert.equal(after.length, before.length + 1);
});

test("SchemaRegistry.register() accepts a version that reads all earlier ones", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.registry.register([cake(1, closed({ n: number }, ["n"]))]);
  await t.kernel.registry.register([cake(2, closed({ n: number, crumbs: { type: "boolean" } }))]);
  assert.equal(t.kernel.registry.find("cake.eaten")?.version, 2);
});

test("SchemaRegistry.register() refuses a version that does not, and names the path", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.registry.register([cake(1, closed({ n: number, inner: closed({ deep: { type: "string" } }) }))]);
  await t.kernel.registry.register([
    cake(2, closed({ n: number, inner: closed({ deep: { type: ["string", "null"] } }) })),
  ]);
  // Compatible with version 2 alone would not be enough.
  const third = cake(3, closed({ n: number, inner: closed({ deep: { type: "null" } }) }));
  await assert.rejects(
    t.kernel.registry.register([third]),
    (error: Error & { code?: string; details?: JsonObject | undefined }) => {
      assert.equal(error.code, "conflict");
      assert.match(error.message, /"cake.eaten" version 3 is not backward_transitive compatible at inner.deep/);
      assert.equal(error.details?.["path"], "inner.deep");
      return true;
    },
  );
  assert.equal(t.kernel.registry.find("cake.eaten")?.version, 2);
  assert.equal((await t.kernel.registry.list()).filter((schema) => schema.type === "cake.eaten").length, 2);
});

test("SchemaRegistry.register() refuses changed, older and moved versions", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const { registry } = t.kernel;
  await registry.register([cake(2, closed({ n: number }))]);
  await assert.rejects(registry.register([cake(2, closed({ m: number }))]), {
    code: "conflict",
    message: /give the changed schema version 3/,
  });
  await assert.rejects(registry.register([cake(1, closed({ n: number }))]), {
    code: "conflict",
    message: /registered in order/,
  });
  await assert.rejects(registry.register([cake(3, closed({ n: number }), { topic: "notes" })]), {
    code: "conflict",
    message: /stays in its topic/,
  });
});

test("SchemaRegistry.register() registers all or none", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.kernel.registry.register([cake(1, closed({ n: number }))]);
  const tea = { ...cake(1, closed({ n: number })), type: "tea.drunk", topic: "teas" };
  await assert.rejects(t.kernel.registry.register([tea, cake(2, closed({ n: { type: "string" } }))]), {
    code: "conflict",
  });
  assert.equal((await readTopics(t.database)).has("teas"), false);
  assert.equal(t.kernel.registry.find("tea.drunk"), undefined);
});

test("SchemaRegistry.find() keeps the version this process writes, whatever others register", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const another = await t.openAnother();
  await t.kernel.registry.register([cake(1, closed({ n: number }))]);
  await another.registry.register([cake(1, closed({ n: number })), cake(2, closed({ n: number, m: number }))]);
  await t.kernel.registry.refresh();
  assert.equal(t.kernel.registry.find("cake.eaten")?.version, 1);
  await t.kernel.append([{ type: "cake.eaten", data: { n: 1 } }]);
  await another.append([{ type: "cake.eaten", data: { m: 1 } }]);
  await assert.rejects(t.kernel.append([{ type: "cake.eaten", data: { m: 1 } }]), {
    code: "invalid_input",
    message: /version 1/,
  });
  assert.deepEqual(await t.database.query("select version from roost.event order by version"), [
    { version: 1 },
    { version: 2 },
  ]);
});
