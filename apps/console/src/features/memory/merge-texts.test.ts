import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeTexts } from "./merge-texts.ts";

const base = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n";

test("mergeTexts() joins changes of different lines, and leaves those of the same to a person", () => {
  const mine = base.replace("one", "ONE");
  assert.equal(mergeTexts({ base, mine, theirs: base }), mine);
  assert.equal(mergeTexts({ base, mine, theirs: mine }), mine);
  const theirs = `${base.replace("seven", "SEVEN")}nine\n`;
  assert.equal(mergeTexts({ base, mine, theirs }), theirs.replace("one", "ONE"));
  assert.equal(mergeTexts({ base, mine, theirs: base.replace("one", "uno") }), undefined);
});
