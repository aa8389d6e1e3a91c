import assert from "node:assert/strict";
import { test } from "node:test";
import { readSubject } from "./read-subject.ts";
import { nearSubjectScore, sameSubjectScore, scoreSubjects } from "./score-subjects.ts";
import { heldOut, tuning, type TopicPairs } from "./subject-pairs.fixture.ts";

const score = (a: string, b: string): number => scoreSubjects(readSubject(a), readSubject(b));

function measure(pairs: TopicPairs, threshold: number): { precision: number; recall: number } {
  const found = pairs.same.filter(([a, b]) => score(a, b) >= threshold).length;
  const wrong = pairs.different.filter(([a, b]) => score(a, b) >= threshold).length;
  return { precision: found / (found + wrong), recall: found / pairs.same.length };
}

const floors: [name: string, pairs: TopicPairs, threshold: number, precisionMin: number, recallMin: number][] = [
  ["the pairs it was tuned on, refused", tuning, sameSubjectScore, 0.95, 1],
  ["the pairs it was tuned on, named as near", tuning, nearSubjectScore, 0.6, 1],
  ["pairs it had not seen, refused", heldOut, sameSubjectScore, 0.8, 0.65],
  ["pairs it had not seen, named as near", heldOut, nearSubjectScore, 0.55, 0.85],
];

for (const [name, pairs, threshold, precisionMin, recallMin] of floors) {
  test(`scoreSubjects() finds the same subject in other words: ${name}`, (t) => {
    const { precision, recall } = measure(pairs, threshold);
    t.diagnostic(
      `${pairs.same.length} same and ${pairs.different.length} different pairs at ${threshold}: precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}`,
    );
    assert.ok(precision >= precisionMin, `precision ${precision}`);
    assert.ok(recall >= recallMin, `recall ${recall}`);
  });
}

test("scoreSubjects() is symmetric and 1 for the same text", () => {
  for (const [a, b] of [...tuning.same, ...tuning.different]) {
    assert.ok(Math.abs(score(a, b) - score(b, a)) < 1e-9, `${a} | ${b}`);
    assert.equal(score(a, a), 1);
  }
});

const rules: [title: string, a: string, b: string, same: boolean][] = [
  ["ignores case, punctuation and accents", "Café con leche, at home!", "cafe CON LECHE at home", true],
  ["tells versions apart", "PostgreSQL 18.1 released", "PostgreSQL 18.2 released", false],
  ["takes a count of items for no number", "7 tips for composting", "Composting: ten tips", true],
  ["reads number words", "chapter seven of the novel", "chapter 7 of the novel", true],
  ["tells weekdays apart", "Standup notes for Monday", "Standup notes for Tuesday", false],
  ["tells opposites apart", "How to enable IPv6 on the router", "How to disable IPv6 on the router", false],
  [
    "takes a longer wording for the same",
    "solar panels on balconies",
    "Solar panels on balconies, a guide for tenants",
    true,
  ],
  ["takes nothing for nothing", "the and of", "with or without", false],
];

for (const [title, a, b, same] of rules) {
  test(`scoreSubjects() ${title}`, () => assert.equal(score(a, b) >= sameSubjectScore, same, `score ${score(a, b)}`));
}

test("scoreSubjects() weighs a word by how rare it is among its neighbours", () => {
  const a = readSubject("kitchen renovation budget");
  const b = readSubject("kitchen renovation schedule");
  const plain = scoreSubjects(a, b);
  const commonKitchens = scoreSubjects(a, b, { rarity: (word) => (word.startsWith("kitchen") ? 0.2 : 1) });
  assert.ok(commonKitchens < plain, `${commonKitchens} < ${plain}`);
});

test("readSubject() takes a text of any length and keeps to its limits", () => {
  const words = Array.from(
    { length: 5_000 },
    (_, index) => `word${String.fromCharCode(97 + (index % 26))}${index}x`,
  ).join(" ");
  assert.ok(readSubject(words).length <= 120);
  assert.deepEqual(readSubject(""), []);
  assert.deepEqual(readSubject("🙂 – …"), []);
});
