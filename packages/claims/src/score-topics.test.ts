import assert from "node:assert/strict";
import { test } from "node:test";
import { readTopic } from "./read-topic.ts";
import { nearTopicScore, sameTopicScore, scoreTopics } from "./score-topics.ts";
import { heldOut, tuning, type TopicPairs } from "./topic-pairs.fixture.ts";

const score = (a: string, b: string): number => scoreTopics(readTopic(a), readTopic(b));

function measure(pairs: TopicPairs, threshold: number): { precision: number; recall: number } {
  const found = pairs.same.filter(([a, b]) => score(a, b) >= threshold).length;
  const wrong = pairs.different.filter(([a, b]) => score(a, b) >= threshold).length;
  return { precision: found / (found + wrong), recall: found / pairs.same.length };
}

const floors: [name: string, pairs: TopicPairs, threshold: number, precisionMin: number, recallMin: number][] = [
  ["the pairs it was tuned on, refused", tuning, sameTopicScore, 0.95, 1],
  ["the pairs it was tuned on, named as near", tuning, nearTopicScore, 0.6, 1],
  ["pairs it had not seen, refused", heldOut, sameTopicScore, 0.8, 0.65],
  ["pairs it had not seen, named as near", heldOut, nearTopicScore, 0.55, 0.85],
];

for (const [name, pairs, threshold, precisionMin, recallMin] of floors) {
  test(`scoreTopics() finds the same topic in other words: ${name}`, (t) => {
    const { precision, recall } = measure(pairs, threshold);
    t.diagnostic(
      `${pairs.same.length} same and ${pairs.different.length} different pairs at ${threshold}: precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}`,
    );
    assert.ok(precision >= precisionMin, `precision ${precision}`);
    assert.ok(recall >= recallMin, `recall ${recall}`);
  });
}

test("scoreTopics() is symmetric and 1 for the same text", () => {
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
  test(`scoreTopics() ${title}`, () => assert.equal(score(a, b) >= sameTopicScore, same, `score ${score(a, b)}`));
}

test("scoreTopics() weighs a word by how rare it is among its neighbours", () => {
  const a = readTopic("kitchen renovation budget");
  const b = readTopic("kitchen renovation schedule");
  const plain = scoreTopics(a, b);
  const commonKitchens = scoreTopics(a, b, { rarity: (word) => (word.startsWith("kitchen") ? 0.2 : 1) });
  assert.ok(commonKitchens < plain, `${commonKitchens} < ${plain}`);
});

test("readTopic() takes a text of any length and keeps to its limits", () => {
  const words = Array.from(
    { length: 5_000 },
    (_, index) => `word${String.fromCharCode(97 + (index % 26))}${index}x`,
  ).join(" ");
  assert.ok(readTopic(words).length <= 120);
  assert.deepEqual(readTopic(""), []);
  assert.deepEqual(readTopic("🙂 – …"), []);
});
