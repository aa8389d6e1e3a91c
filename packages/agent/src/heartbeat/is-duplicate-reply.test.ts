import assert from "node:assert/strict";
import { test } from "node:test";
import { duplicateReplyMs, isDuplicateReply } from "./is-duplicate-reply.ts";

const last = { text: "The invoice is due", sentAtMs: 1000 };

test("isDuplicateReply() is true for the same text within 24 hours", () => {
  assert.equal(isDuplicateReply("The invoice is due", { last, nowMs: 2000 }), true);
  assert.equal(isDuplicateReply(" The invoice is due\n", { last, nowMs: 1000 + duplicateReplyMs - 1 }), true);
});

test("isDuplicateReply() is false after 24 hours, for another text, and without a last one", () => {
  assert.equal(isDuplicateReply("The invoice is due", { last, nowMs: 1000 + duplicateReplyMs }), false);
  assert.equal(isDuplicateReply("The invoice was paid", { last, nowMs: 2000 }), false);
  assert.equal(isDuplicateReply("The invoice is due", { last: undefined, nowMs: 2000 }), false);
  assert.equal(isDuplicateReply(" ", { last: { text: "", sentAtMs: 1000 }, nowMs: 2000 }), false);
});
