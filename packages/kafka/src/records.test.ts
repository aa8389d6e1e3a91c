import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredEvent } from "@roost/kernel";
import type { ReceivedRecord } from "./client/fetch-records.ts";
import { fromRecord, placeOf, toRecord, valueBytesMax } from "./records.ts";

const event: StoredEvent = {
  topic: "notes",
  partition: 2,
  offset: 7,
  id: "e1",
  type: "note.written",
  version: 3,
  source: "roost",
  subject: "s",
  key: "k",
  time: new Date("2026-11-29T12:00:00.123Z"),
  data: { n: 1, text: "grüße" },
  correlation: "c",
  causation: "e0",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  labels: ["aud:main", "trust:owner"],
};
const received = (value: string | null, headers: Record<string, string>): ReceivedRecord => ({
  topic: "roost.notes",
  partition: 2,
  offset: 70,
  key: null,
  value: value === null ? null : Buffer.from(value),
  headers: new Map(Object.entries(headers)),
});
const foreign = { ce_id: "1", ce_type: "order.placed", ce_source: "shop" };

test("fromRecord() reads what toRecord() wrote, with the event's place in its log", () => {
  const record = toRecord(event, { log: "home", generation: 2, schemaId: "ab".repeat(32) });
  assert.equal(record.key, "k");
  assert.equal(record.headers["ce_dataschema"], `urn:roost:schema:note.written:3:${"ab".repeat(32)}`);
  const { topic, partition, offset, time, ...told } = event;
  assert.deepEqual(fromRecord(received(record.value, record.headers)), {
    ...told,
    time: time.toISOString(),
    place: { log: "home", generation: 2, topic, partition, offset },
  });
});

test("toRecord() leaves out what an event has not, and keys it as the log does", () => {
  const bare = { ...event, subject: null, key: null, causation: null, traceparent: null };
  const { key, headers } = toRecord(bare, { log: "home", generation: 1, schemaId: undefined });
  assert.equal(key, "e1");
  for (const name of ["subject", "partitionkey", "causationid", "traceparent", "dataschema"])
    assert.equal(headers[`ce_${name}`], undefined);
});

test("fromRecord() reads CloudEvents in structured mode too", () => {
  const body = { specversion: "1.0", id: "1", type: "order.placed", source: "shop", data: { total: 4 } };
  const record = received(JSON.stringify(body), { "content-type": "application/CloudEvents+json; charset=UTF-8" });
  const { id, type, data, place } = fromRecord(record);
  assert.deepEqual({ id, type, data, place }, { id: "1", type: "order.placed", data: { total: 4 }, place: undefined });
});

test("fromRecord() says what is wrong with a record", () => {
  for (const [value, headers, message] of [
    [null, foreign, /no value/],
    ["{", foreign, /not JSON/],
    ["[]", foreign, /no JSON object/],
    ["{}", { ...foreign, ce_id: "" }, /no CloudEvent: it has no id/],
    ["{}", {}, /it has no id/],
    ["{}", { ...foreign, ce_schemaversion: "two" }, /schema version/],
    ["{}", { ...foreign, ce_roostlabels: "secret" }, /label "secret"/],
    [JSON.stringify({ text: "a".repeat(valueBytesMax) }), foreign, /limit 1000000/],
  ] as const)
    assert.throws(() => fromRecord(received(value, headers)), { code: "invalid_input", message });
});

test("placeOf() is undefined for what no log wrote, or wrote wrongly", () => {
  const { headers } = toRecord(event, { log: "home", generation: 1, schemaId: undefined });
  for (const change of [
    { ce_roostoffset: "-1" },
    { ce_roostoffset: "x" },
    { ce_roostpartition: "1.5" },
    { ce_roostlog: "a".repeat(256) },
    { ce_roosttopic: "no\0tes" },
  ])
    assert.equal(placeOf(received("{}", { ...headers, ...change })), undefined);
  assert.equal(placeOf(received("{}", foreign)), undefined);
});
