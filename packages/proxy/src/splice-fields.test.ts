import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, constantFrom, dictionary, jsonValue, property, string } from "fast-check";
import { spliceFields } from "./splice-fields.ts";

test("spliceFields() replaces and adds fields, and leaves every other byte as it was", () => {
  const body = '{ "seed": 12345678901234567890, "model" : "a\\"b" ,"x":[{"model":"c"}], "e":1e400 }';
  assert.equal(
    spliceFields(body, { model: "m", stream_options: { include_usage: true } }),
    '{ "seed": 12345678901234567890, "model" : "m" ,"x":[{"model":"c"}], "e":1e400 ,"stream_options":{"include_usage":true}}',
  );
  assert.equal(spliceFields("{}", { a: 1 }), '{"a":1}');
  assert.equal(spliceFields('{"a":{"b":2}}', { a: 3 }), '{"a":3}');
  for (const twice of ['{"model":"a","model":"b"}', '{"model":"a","\\u006dodel":"b"}'])
    assert.throws(() => spliceFields(twice, { model: "c" }), { code: "invalid_input", message: /"model" twice/ });
});

test("spliceFields() gives for any object what replacing the parsed fields gives", () => {
  const values = dictionary(string(), jsonValue());
  check(
    property(values, jsonValue(), constantFrom(0, 2), (object, value, space) => {
      const text = JSON.stringify(object, undefined, space);
      const expected = { ...(JSON.parse(text) as object), model: value };
      assert.deepEqual(JSON.parse(spliceFields(text, { model: value })), JSON.parse(JSON.stringify(expected)));
    }),
  );
});
