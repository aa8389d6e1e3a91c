import assert from "node:assert/strict";
import { test } from "node:test";
import { findMissing } from "./follow-run.ts";

test("findMissing() gives what of a reply was not streamed", () => {
  const reply = "The answer to everything is forty-two";
  assert.equal(findMissing(reply, reply), "");
  assert.equal(findMissing(`Let me look.\n${reply}\n`, reply), "");
  assert.equal(findMissing("The answer to everything", reply), " is forty-two");
  assert.equal(findMissing("The answer to ", reply), "everything is forty-two");
  assert.equal(findMissing("", reply), reply);
  assert.equal(findMissing("everything is forty-two", reply), reply, "the beginning was lost: all of it again");
  assert.equal(findMissing("I think: The", reply), reply, "three letters may agree by chance");
});
