import assert from "node:assert/strict";
import { test } from "node:test";
import { scoreMatch } from "./score-match.ts";

const best = (typed: string, texts: string[]) =>
  texts
    .map((text) => ({ text, score: scoreMatch(typed, text) }))
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score)
    .map(({ text }) => text);

test("scoreMatch() puts beginnings first, then beginnings of words, then the middle of words", () => {
  assert.deepEqual(best("run", ["Prune memory", "Go to a run", "Runs"]), ["Runs", "Go to a run", "Prune memory"]);
});

test("scoreMatch() finds initials and refuses scattered letters", () => {
  assert.deepEqual(best("wr", ["weekly-review", "answer later"]), ["weekly-review"]);
  assert.deepEqual(best("xyz", ["weekly-review"]), []);
  assert.equal(scoreMatch("  ", "anything"), 1);
});
