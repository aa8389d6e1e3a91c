import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseExamples } from "./choose-examples.ts";
import { createRouter } from "./create-router.ts";
import type { RouteTarget } from "./route-target.ts";

const targets: RouteTarget[] = [
  {
    id: "agent:clerk",
    name: "clerk",
    description: "Bills, invoices and the accounts of the household",
    examples: ["is the rent paid", "pay the electricity bill", "how much did we spend on groceries this month"],
  },
  {
    id: "agent:gardener",
    name: "gardener",
    description: "Plants, watering and what the garden needs",
    examples: ["when should I water the tomatoes", "what can I sow in march", "the roses look ill"],
  },
  {
    id: "agent:travel-desk",
    name: "travel-desk",
    description: "Trains, flights and hotels",
    examples: ["book a train to Vienna", "when does my flight leave", "find a hotel near the station"],
  },
];
const target = (route: ReturnType<Awaited<ReturnType<typeof createRouter>>["route"]>) =>
  route.state === "decided" ? route.targetId : route.state;

test("createRouter() decides by words, forms of words and misspelt ones, and says what it is like", async () => {
  const router = await createRouter(targets);
  assert.equal(target(router.route("has the rent been paid?")), "agent:clerk");
  assert.equal(target(router.route("Watering the tomatos")), "agent:gardener");
  assert.equal(target(router.route("Which trains go to Vienna")), "agent:travel-desk");
  const route = router.route("is our rent paid yet");
  assert.ok(route.state === "decided" && route.why === "it is like: is the rent paid", JSON.stringify(route));
});

test("createRouter() decides nothing that it never heard of, and asks between two that fit", async () => {
  const router = await createRouter(targets);
  assert.equal(router.route("who won the chess championship").state, "none");
  assert.equal(router.route("").state, "none");
  const both = router.route("pay the hotel");
  assert.equal(both.state, "unsure", JSON.stringify(both));
  assert.deepEqual(
    both.state === "unsure" &&
      both.near
        .slice(0, 2)
        .map(({ targetId }) => targetId)
        .toSorted(),
    ["agent:clerk", "agent:travel-desk"],
  );
  assert.equal((await createRouter([])).route("is the rent paid").state, "none");
});

test("createRouter() lets a mention decide, wherever an @ stands and where a name begins the text", async () => {
  const router = await createRouter(targets);
  for (const text of [
    "@gardener is the rent paid",
    "please, @gardener, the rent",
    "gardener: the rent",
    "Gardener, is the rent paid",
    "ask the gardener whether the rent is paid",
  ])
    assert.equal(target(router.route(text)), "agent:gardener", text);
  assert.equal(target(router.route("tell travel-desk to pay")), "agent:travel-desk");
  assert.equal(
    target(router.route("mail to me@clerk.example: roses look ill")),
    "agent:gardener",
    "an address names nobody",
  );
});

test("createRouter() learns the same each time, and one more example corrects it", async () => {
  const text = "cellar stock";
  const [first, second] = [await createRouter(targets), await createRouter(targets)];
  assert.deepEqual(first.route("book a train and pay it"), second.route("book a train and pay it"));
  assert.notEqual(target(first.route(text)), "agent:gardener");
  const corrected = targets.map((each) =>
    each.name === "gardener" ? { ...each, examples: [...each.examples, text] } : each,
  );
  assert.equal(target((await createRouter(corrected)).route(text)), "agent:gardener");
});

test("createRouter() refuses more targets than it can tell apart, and stops when it is told to", async () => {
  const many = Array.from({ length: 2_001 }, (_, index) => ({ ...targets[0]!, id: `${index}` }));
  await assert.rejects(createRouter(many), { code: "limit_exceeded" });
  const stopped = AbortSignal.abort(new Error("stopped"));
  const enough = targets.map((each) => ({ ...each, examples: Array.from({ length: 50 }, () => "is it paid") }));
  await assert.rejects(createRouter(enough, { signal: stopped }), /stopped/);
});

test("chooseExamples() takes texts that stand for the others", () => {
  const texts = ["water the roses", "water the roses now", "please water the roses", "sow in march", "sow in april"];
  const chosen = chooseExamples(texts, 2);
  assert.equal(chosen.filter((text) => text.includes("roses")).length, 1);
  assert.deepEqual(chooseExamples(texts, 9).toSorted(), texts.toSorted());
});
