import assert from "node:assert/strict";
import { test } from "node:test";
import { cutAtTurnEnd } from "./cut-at-turn-end.ts";

test("cutAtTurnEnd() ends a reply where its turn ends, and leaves marks in quotations and code alone", () => {
  assert.deepEqual(cutAtTurnEnd("Hello\n<|im_end|>"), { text: "Hello", isPassed: false });
  assert.deepEqual(cutAtTurnEnd("Hello<|im_end|>\n<|im_start|>user\nAnd you?"), { text: "Hello", isPassed: true });
  assert.deepEqual(cutAtTurnEnd("<start_of_turn>user"), { text: "", isPassed: true });
  for (const text of ["Hello", "ChatML ends with `<|im_end|>`.", "```\n<|im_end|>\n```\nis the mark"])
    assert.equal(cutAtTurnEnd(text), undefined, text);
});
