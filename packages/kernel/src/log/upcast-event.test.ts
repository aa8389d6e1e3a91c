/** Versions that need translating: when they are refused, what they are tried on, and that every reader sees the newest shape. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@roost/base";
import type { EventSample, Upcaster, Upcasters } from "@roost/contract";
import { consumeGroup } from "../groups/consume-group.ts";
import { createGroup } from "../groups/group.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { groupTestEvents } from "../testing/test-events.ts";
import type { EventSchema } from "./event-schema.ts";
import { tailEvents } from "./tail-events.ts";
import { upcastEvent } from "./upcast-event.ts";

const closed = (properties: JsonObject) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const text = { type: "string" };

/** One text becomes two, then the second gets another name. */
const shapes: Record<number, JsonObject> = {
  1: closed({ name: text }),
  2: closed({ first: text, last: text }),
  3: closed({ first: text, last: text, age: { type: ["number", "null"] } }),
};
const split: Upcaster = ({ name }) => {
  const [first = "", last = ""] = String(name).split(" ");
  return { first, last };
};
const addAge: Upcaster = (data) => ({ ...data, age: null });

function person(version: number, upcasters?: Upcasters, more: Partial<EventSchema> = {}): EventSchema {
  return {
    type: "person.met",
    version,
    topic: "people",
    compatibility: "backward_transitive",
    schema: shapes[version]!,
    upcasters,
    ...more,
  };
}

async function openWithOne(): Promise<TestKernel> {
  const t = await createTestKernel({ events: groupTestEvents });
  await t.kernel.registry.register([person(1)]);
  await t.kernel.append([{ type: "person.met", subject: "p", data: { name: "Ada Lovelace" } }]);
  return t;
}

test("upcastEvent() leads through every version that has an upcaster, and leaves alone what none concerns", () => {
  const event = { type: "person.met", version: 1, data: { name: "Ada Lovelace" }, id: "e" };
  assert.deepEqual(upcastEvent(event, { 2: split, 3: addAge }, 3), {
    ...event,
    version: 3,
    data: { first: "Ada", last: "Lovelace", age: null },
  });
  assert.equal(upcastEvent(event, {}, 3), event);
  assert.equal(upcastEvent({ ...event, version: 3 }, { 2: split, 3: addAge }, 3).version, 3);
  const broken = () => {
    throw new Error("no name");
  };
  assert.throws(() => upcastEvent(event, { 2: broken }, 2), { message: /upcaster to version 2 failed .* no name/ });
});

test("SchemaRegistry.register() takes a version that nothing old fits only with an upcaster", async () => {
  await using t = await openWithOne();
  const { registry } = t.kernel;
  await assert.rejects(registry.register([person(2)]), {
    code: "conflict",
    message:
      /version 2 is not backward_transitive compatible at .*; make it compatible, or give the version an upcaster/,
  });
  await registry.register([person(2, { 2: split })]);
  const row = (await registry.list()).find((schema) => schema.type === "person.met" && schema.version === 2);
  assert.equal(row?.isUpcast, true);
  // A version behind it is measured against what comes out of the upcaster, not against what went in.
  await registry.register([person(3, { 2: split }, { schema: { ...shapes[2]!, title: "the same" } })]);
});

test("SchemaRegistry.register() tries an upcaster on every stored event it can reach, and names the one and the path that break it", async () => {
  await using t = await openWithOne();
  const { registry } = t.kernel;
  const forgets: Upcaster = ({ name }) => (name === "Prince" ? { first: "Prince" } : split({ name: name! }));
  await registry.register([person(1)]);
  await t.kernel.append([{ type: "person.met", subject: "p", data: { name: "Prince" } }]);
  await assert.rejects(registry.register([person(2, { 2: forgets })]), {
    code: "conflict",
    message: /its upcaster turns people\/\d offset 1 \(version 1\) into what the schema refuses: "last" is missing/,
  });
  const counts = { n: 0 };
  await assert.rejects(registry.register([person(2, { 2: () => ({ first: "x", last: String((counts.n += 1)) }) })]), {
    message: /must be a pure function/,
  });
  const changing: Upcaster = (data) => {
    data["name"] = "nobody";
    return { first: "x", last: "y" };
  };
  await assert.rejects(registry.register([person(2, { 2: changing })]), {
    message: /changes its argument/,
  });
  assert.equal((await registry.list()).filter((schema) => schema.type === "person.met").length, 1);
});

test("SchemaRegistry.register() tries an upcaster on samples where nothing is stored, and asks for them", async () => {
  await using t = await createTestKernel({ events: groupTestEvents });
  const { registry } = t.kernel;
  await registry.register([person(1)]);
  await assert.rejects(registry.register([person(2, { 2: split })]), {
    message: /no event of version 1 to try it on: add samples/,
  });
  const sample = (data: JsonObject): EventSample[] => [{ version: 1, data }];
  await assert.rejects(registry.register([person(2, { 2: split }, { samples: sample({ nom: "Ada" }) })]), {
    message: /sample 0 is no event of version 1/,
  });
  await registry.register([person(2, { 2: split }, { samples: sample({ name: "Ada Lovelace" }) })]);
});

test("SchemaRegistry.register() refuses a definition that has lost an upcaster, also when it starts again", async () => {
  await using t = await openWithOne();
  await t.kernel.registry.register([person(2, { 2: split })]);
  const another = await t.openAnother();
  await assert.rejects(another.registry.register([person(2)]), {
    code: "conflict",
    message: /version 2 needs an upcaster/,
  });
  await assert.rejects(another.registry.register([person(3, { 3: addAge })]), {
    message: /version 2 needs an upcaster/,
  });
  await another.registry.register([person(2, { 2: split })]);
});

test("SchemaRegistry.register() holds a version to the mode before it, so that none is not chosen in the version that needs it", async () => {
  await using t = await openWithOne();
  const { registry } = t.kernel;
  const none = { compatibility: "none" } as const;
  await assert.rejects(registry.register([person(2, undefined, none)]), {
    message: /not backward_transitive compatible/,
  });
  await registry.register([person(2, undefined, { ...none, schema: { ...shapes[1]!, title: "the same" } })]);
  await registry.register([person(3, undefined, none)]);
});

test("SchemaRegistry.register() does not let an upcaster stand in for readers of older versions", async () => {
  await using t = await createTestKernel({ events: groupTestEvents });
  const { registry } = t.kernel;
  const full = { compatibility: "full_transitive", samples: [{ version: 1, data: { name: "Ada Lovelace" } }] } as const;
  await registry.register([person(1, undefined, { compatibility: "full_transitive" })]);
  await assert.rejects(registry.register([person(2, { 2: split }, full)]), {
    message: /not forward_transitive compatible/,
  });
});

test("every reader sees the newest shape: groups, consumers, tails", async () => {
  await using t = await openWithOne();
  const { kernel } = t;
  await kernel.registry.register([person(2, { 2: split })]);
  await kernel.append([{ type: "person.met", subject: "p", data: { first: "Grace", last: "Hopper" } }]);
  const expected = [
    [2, "Ada"],
    [2, "Grace"],
  ];
  const seen: unknown[] = [];
  const handle = async (_tx: unknown, events: { version: number; data: JsonObject }[]) =>
    void seen.push(...events.map((event) => [event.version, event.data["first"]]));
  await consumeGroup(kernel, createGroup("readers", "stop", handle), { topics: ["people"] });
  assert.deepEqual(seen.splice(0), expected);
  const stop = new AbortController();
  for await (const event of tailEvents(kernel, { topics: ["people"], after: {}, signal: stop.signal })) {
    await handle(undefined, [event]);
    if (seen.length === 2) stop.abort();
  }
  assert.deepEqual(seen, expected);
  const stored = await t.database.query(
    "select version from roost.event where type = 'person.met' order by \"offset\"",
  );
  assert.deepEqual(stored, [{ version: 1 }, { version: 2 }], "what is written stays as it was written");
});
