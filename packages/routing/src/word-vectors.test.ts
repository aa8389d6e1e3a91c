import assert from "node:assert/strict";
import { test } from "node:test";
import { productOf } from "@roost/base";
import { createRouter } from "./create-router.ts";
import type { RouteTarget } from "./route-target.ts";
import { createWordVectors, readWordVectors } from "./word-vectors.ts";
import { wordsOf } from "./words-of.ts";

function target(name: string, description: string, examples: string[]): RouteTarget {
  return { id: name, name, description, examples };
}

const english = [
  target("clerk", "Bills, invoices and the accounts of the household", [
    "is the rent paid",
    "pay the electricity bill",
    "how much did we spend on groceries this month",
  ]),
  target("gardener", "Plants, watering and what the garden needs", [
    "when should I water the tomatoes",
    "what can I sow in march",
    "the roses look ill",
  ]),
  target("travel-desk", "Trains, flights and hotels", [
    "book a train to Vienna",
    "when does my flight leave",
    "find a hotel near the station",
  ]),
];
const german = [
  target("buchhalter", "Rechnungen und Konten des Haushalts", ["ist die Miete bezahlt", "bezahle die Stromrechnung"]),
  target("gärtner", "Pflanzen und Beete", ["wann muss ich die Tomaten gießen", "die Rosen sehen krank aus"]),
];

test("createRouter() knows by the vectors of words what words are like that no target has", async () => {
  const words = await readWordVectors();
  const text = "my flowers look sick";
  assert.equal((await createRouter(english)).route(text).state, "unsure");
  const route = (await createRouter(english, { words })).route(text);
  assert.ok(route.state === "decided" && route.targetId === "gardener", JSON.stringify(route));
});

test("createRouter() goes by words as before where they are of another language", async () => {
  const words = await readWordVectors();
  const [without, withWords] = [await createRouter(german), await createRouter(german, { words })];
  for (const text of ["ist die Miete schon bezahlt", "die Rosen und Tomaten gießen", "was kostet der Zug nach Wien"]) {
    assert.equal(words.vectorOf(wordsOf(text)), undefined, text);
    assert.deepEqual(withWords.route(text), without.route(text), text);
  }
});

test("readWordVectors() has words that are like each other near each other, as frequent as the router weighs them", async () => {
  const words = await readWordVectors();
  const likeness = (left: string, right: string) =>
    productOf(words.vectorOf(wordsOf(left))!, words.vectorOf(wordsOf(right))!);
  assert.ok(likeness("flowers", "plants") > likeness("flowers", "money"));
  assert.ok(likeness("the flowers", "the money") < likeness("the flowers", "flowers"));
  assert.equal(words.vectorOf([]), undefined);
});

test("createWordVectors() says nothing of a text of which it knows too little", () => {
  const words = createWordVectors(["a", "b"], Int8Array.of(127, 0, 0, 127));
  assert.deepEqual([...(words.vectorOf(["b"]) ?? [])], [0, 1]);
  assert.equal(words.vectorOf(["b", "unknown", "unheard"]), undefined);
});
