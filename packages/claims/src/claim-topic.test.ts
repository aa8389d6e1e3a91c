import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "@roost/kernel/testing";
import { claimTopic, listClaims, releaseClaim, type ClaimRequest } from "./claim-topic.ts";

const request = (text: string, by: string, more: Partial<ClaimRequest> = {}): ClaimRequest => ({
  scope: "posts",
  text,
  by,
  ...more,
});

test("claimTopic() grants a topic to one of many that want it at once in other words", async () => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  const words = [
    "Why PostgreSQL 18's asynchronous I/O makes reads faster",
    "Postgres 18: async I/O and what it does for read performance",
    "postgres 18 async I/O read speed",
  ];
  const answers = await Promise.all(
    Array.from({ length: 9 }, (_, index) =>
      claimTopic(kernels[index % 3] ?? opened.kernel, request(words[index % 3] ?? "", `job ${index}`)),
    ),
  );
  const granted = answers.findIndex((answer) => answer.granted);
  assert.equal(answers.filter((answer) => answer.granted).length, 1);
  for (const [index, answer] of answers.entries()) {
    if (index === granted) continue;
    assert.equal(answer.similar[0]?.by, `job ${granted}`);
    assert.equal(answer.similar[0]?.text, words[granted % 3]);
    assert.ok((answer.similar[0]?.similarity ?? 0) >= 0.7);
  }
  const types = await opened.database.query<{ type: string }>(
    `select type from roost.event where topic = 'coordination'`,
  );
  assert.deepEqual(types.map((row) => row.type).toSorted(), [
    "topic.claimed",
    ...Array.from({ length: 8 }, () => "topic.refused"),
  ]);
});

test("claimTopic() grants another topic, and names what is near it", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await claimTopic(kernel, request("How we cut our cloud bill in half by turning off idle machines", "a"));
  const near = await claimTopic(kernel, request("Switching idle servers off halved our cloud spend", "b"));
  assert.equal(near.granted, true);
  assert.deepEqual(
    near.similar.map((claim) => claim.by),
    ["a"],
  );
  const far = await claimTopic(kernel, request("Growing tomatoes on a balcony", "c"));
  assert.deepEqual([far.granted, far.similar], [true, []]);
});

test("claimTopic() grants the same claim by the same claimant again, as the same claim", async () => {
  await using opened = await createTestKernel();
  const first = await claimTopic(opened.kernel, request("Growing tomatoes on a balcony", "a"));
  const again = await claimTopic(opened.kernel, request("Growing tomatoes on a balcony", "a"));
  assert.deepEqual([again.granted, again.claimId], [true, first.claimId]);
  assert.equal(
    (await claimTopic(opened.kernel, request("growing TOMATOES, on a balcony!", "b"))).similar[0]?.similarity,
    1,
  );
});

test("claimTopic() frees a topic in other scopes, when it is given up, and when its time is up", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const text = "Growing tomatoes on a balcony";
  const first = await claimTopic(kernel, request(text, "a", { ttlMs: 3_600_000 }));
  assert.equal((await claimTopic(kernel, request(text, "b", { scope: "videos" }))).granted, true);
  assert.equal((await claimTopic(kernel, request(text, "b"))).granted, false);
  assert.deepEqual(await releaseClaim(kernel, first.claimId ?? ""), { released: true });
  assert.deepEqual(await releaseClaim(kernel, first.claimId ?? ""), { released: false });
  assert.equal((await claimTopic(kernel, request(text, "b", { ttlMs: 3_600_000 }))).granted, true);
  await clock.advance(3_600_001);
  assert.equal((await claimTopic(kernel, request(text, "c"))).granted, true);
});

test("claimTopic() goes by the caller's threshold", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await claimTopic(kernel, request("Sourdough bread for beginners", "a"));
  assert.equal(
    (await claimTopic(kernel, request("Sourdough bread for families", "b", { threshold: 0.45 }))).granted,
    false,
  );
  assert.equal(
    (await claimTopic(kernel, request("Sourdough bread for families", "b", { threshold: 0.99 }))).granted,
    true,
  );
});

test("listClaims() pages through live claims, newest first", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const subjects = ["tomatoes", "bicycles", "volcanoes", "espresso", "chess"];
  for (const subject of subjects) await claimTopic(kernel, request(subject, "a"));
  const first = await listClaims(kernel, { limit: 3 });
  const second = await listClaims(kernel, { limit: 3, after: first.next ?? "" });
  assert.deepEqual(
    [...first.claims, ...second.claims].map((claim) => claim.text),
    subjects.toReversed(),
  );
  assert.equal(second.next, null);
});

test("claimTopic() refuses an empty text and an unbounded time", async () => {
  await using opened = await createTestKernel();
  await assert.rejects(claimTopic(opened.kernel, request("  ", "a")), { code: "invalid_input" });
  await assert.rejects(claimTopic(opened.kernel, request("x", "a", { ttlMs: 1e12 })), { code: "invalid_input" });
});

test("claimTopic() clears away claims that expired long ago, of every scope", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock, database } = opened;
  await claimTopic(kernel, request("Growing tomatoes on a balcony", "a", { ttlMs: 1_000 }));
  await claimTopic(kernel, request("Bicycles", "a", { scope: "videos", ttlMs: 1_000 }));
  const kept = async () =>
    (await database.query<{ text: string }>("select text from roost.claim order by id")).map((row) => row.text);
  await clock.advance(86_400_000);
  await claimTopic(kernel, request("Volcanoes", "a"));
  assert.deepEqual(await kept(), ["Growing tomatoes on a balcony", "Bicycles", "Volcanoes"]);
  await clock.advance(7 * 86_400_000);
  await claimTopic(kernel, request("Espresso", "a"));
  assert.deepEqual(await kept(), ["Volcanoes", "Espresso"]);
});
