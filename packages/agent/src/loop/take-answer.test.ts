import assert from "node:assert/strict";
import { test } from "node:test";
import { assertEvenGrowth } from "@roost/base/testing/assert-even-growth";
import type { Loop } from "./loop.ts";
import { takeAnswer } from "./take-answer.ts";

function take(text: string): ReturnType<typeof takeAnswer> {
  const state = { form: { toldCount: 0, isCalled: false }, messages: [] };
  return takeAnswer({ state, options: { form: { format: { faultsOf: () => [] } } } } as unknown as Loop, text);
}

test("takeAnswer() takes JSON alone, out of a fence, and out of words", () => {
  for (const text of ['{"a":1}', 'Here:\n```json\n\n{"a":1}\n\n```\nDone', 'It is {"a":1}, I think'])
    assert.deepEqual(take(text), { text: '{"a":1}' }, text);
  for (const text of ["nothing", "} {", "```\n\n"]) assert.equal(take(text), "again", text);
});

test("takeAnswer() ends soon on a long text of marks", () => {
  for (const [before, mark] of [
    ["```", "\n"],
    ["", "["],
  ] as const)
    assertEvenGrowth((count) => assert.equal(take(`${before}${mark.repeat(count)}x`), "again"), { size: 2_000 });
});
