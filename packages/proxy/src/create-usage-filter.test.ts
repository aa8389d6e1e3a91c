import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as check, nat, property } from "fast-check";
import { createUsageFilter } from "./create-usage-filter.ts";

const events = [
  ": a comment\n\n",
  'data: {"choices":[{"delta":{"content":"a \\"usage\\" of words é"}}],"usage":null}\n\n',
  'data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}\r\n\r\n',
  "event: x\ndata: y\n\n",
];
const usage = 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n';
const done = "data: [DONE]\n\n";

function through(chunks: readonly Buffer[]): Buffer {
  const filter = createUsageFilter();
  return Buffer.concat(
    [...chunks.map((chunk) => filter.push(chunk)), filter.end()].filter((part) => part !== undefined),
  );
}

test("createUsageFilter() leaves out the chunk of usage and no other byte, however the stream is cut", () => {
  const whole = Buffer.from([...events, usage, done].join(""));
  const expected = Buffer.from([...events, done].join("")).toString();
  check(
    property(array(nat(whole.length), { maxLength: 30 }), (places) => {
      const cuts = [0, ...places.toSorted((a, b) => a - b), whole.length];
      const chunks = cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
      assert.equal(through(chunks).toString(), expected);
    }),
  );
  const long = Buffer.from(`data: ${"x".repeat(200_000)}`);
  assert.deepEqual(through([long]), long);
});
