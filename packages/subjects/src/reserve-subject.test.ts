import assert from "node:assert/strict";
import { test } from "node:test";
import { openLabels, type Clearance } from "@roost/contract/labels";
import { testKernelWith } from "@roost/kernel/testing";
import { subjectsSchema } from "./subjects-schema.ts";
import { reserveSubject, listSubjects, releaseSubject, type SubjectRequest } from "./reserve-subject.ts";

const createTestKernel = testKernelWith([subjectsSchema]);

const request = (text: string, by: string, more: Partial<SubjectRequest> = {}): SubjectRequest => ({
  scope: "posts",
  text,
  by,
  ...more,
});

test("reserveSubject() grants a subject to one of many that want it at once in other words", async () => {
  await using opened = await createTestKernel();
  const kernels = [opened.kernel, await opened.openAnother(), await opened.openAnother()];
  const words = [
    "Why PostgreSQL 18's asynchronous I/O makes reads faster",
    "Postgres 18: async I/O and what it does for read performance",
    "postgres 18 async I/O read speed",
  ];
  const answers = await Promise.all(
    Array.from({ length: 9 }, (_, index) =>
      reserveSubject(kernels[index % 3] ?? opened.kernel, request(words[index % 3] ?? "", `job ${index}`)),
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
    ...Array.from({ length: 8 }, () => "subject.refused"),
    "subject.reserved",
  ]);
});

test("reserveSubject() grants another subject, and names what is near it", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await reserveSubject(kernel, request("How we cut our cloud bill in half by turning off idle machines", "a"));
  const near = await reserveSubject(kernel, request("Switching idle servers off halved our cloud spend", "b"));
  assert.equal(near.granted, true);
  assert.deepEqual(
    near.similar.map((subject) => subject.by),
    ["a"],
  );
  const far = await reserveSubject(kernel, request("Growing tomatoes on a balcony", "c"));
  assert.deepEqual([far.granted, far.similar], [true, []]);
});

test("reserveSubject() grants the same subject by the same holder again, as the same subject", async () => {
  await using opened = await createTestKernel();
  const first = await reserveSubject(opened.kernel, request("Growing tomatoes on a balcony", "a"));
  const again = await reserveSubject(opened.kernel, request("Growing tomatoes on a balcony", "a"));
  assert.deepEqual([again.granted, again.subjectId], [true, first.subjectId]);
  assert.equal(
    (await reserveSubject(opened.kernel, request("growing TOMATOES, on a balcony!", "b"))).similar[0]?.similarity,
    1,
  );
});

test("reserveSubject() frees a subject in other scopes, when it is given up, and when its time is up", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock } = opened;
  const text = "Growing tomatoes on a balcony";
  const first = await reserveSubject(kernel, request(text, "a", { ttlMs: 3_600_000 }));
  assert.equal((await reserveSubject(kernel, request(text, "b", { scope: "videos" }))).granted, true);
  assert.equal((await reserveSubject(kernel, request(text, "b"))).granted, false);
  const subjectId = first.subjectId ?? "";
  assert.deepEqual(await releaseSubject(kernel, { subjectId, by: "b" }), { released: false });
  assert.deepEqual(await releaseSubject(kernel, { subjectId, by: "a" }), { released: true });
  assert.deepEqual(await releaseSubject(kernel, { subjectId }), { released: false });
  assert.equal((await reserveSubject(kernel, request(text, "b", { ttlMs: 3_600_000 }))).granted, true);
  await clock.advance(3_600_001);
  assert.equal((await reserveSubject(kernel, request(text, "c"))).granted, true);
});

test("reserveSubject() tells of others' subjects what the holder is cleared for, and refuses by all of them", async () => {
  await using opened = await createTestKernel();
  const of = (domain: string) => ({ ...openLabels, audiences: [`domain:${domain}`] });
  await reserveSubject(opened.kernel, request("a walk in the old harbour at night", "job a", { labels: of("peeps") }));
  await reserveSubject(opened.kernel, request("recipes with quinces", "job a", { labels: of("eco") }));
  const ask = (text: string, clearance: Clearance) =>
    reserveSubject(opened.kernel, request(text, "job b", { clearance }));
  const hidden = await ask("A walk in the old harbour, at night", ["domain:eco"]);
  assert.deepEqual([hidden.granted, hidden.similar, hidden.labels], [false, [], openLabels]);
  const shown = await ask("Recipes with quinces!", ["domain:eco"]);
  assert.deepEqual([shown.granted, shown.similar.length, shown.labels.audiences], [false, 1, ["domain:eco"]]);
  const events = await opened.database.query<{ audiences: string[] }>(
    "select string_to_array(s.text, ' ') as audiences from roost.event e join roost.label_set s on s.number = e.labels where e.type = 'subject.refused' order by e.time, e.id",
  );
  assert.ok(events[0]?.audiences.includes("aud:domain:peeps"));
});

test("reserveSubject() goes by the caller's threshold", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await reserveSubject(kernel, request("Sourdough bread for beginners", "a"));
  assert.equal(
    (await reserveSubject(kernel, request("Sourdough bread for families", "b", { threshold: 0.45 }))).granted,
    false,
  );
  assert.equal(
    (await reserveSubject(kernel, request("Sourdough bread for families", "b", { threshold: 0.99 }))).granted,
    true,
  );
});

test("listSubjects() pages through live subjects, newest first", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const subjects = ["tomatoes", "bicycles", "volcanoes", "espresso", "chess"];
  for (const subject of subjects) await reserveSubject(kernel, request(subject, "a"));
  const first = await listSubjects(kernel, { limit: 3 });
  const second = await listSubjects(kernel, { limit: 3, after: first.next ?? "" });
  assert.deepEqual(
    [...first.subjects, ...second.subjects].map((subject) => subject.text),
    subjects.toReversed(),
  );
  assert.equal(second.next, null);
});

test("reserveSubject() refuses an empty text and an unbounded time", async () => {
  await using opened = await createTestKernel();
  await assert.rejects(reserveSubject(opened.kernel, request("  ", "a")), { code: "invalid_input" });
  await assert.rejects(reserveSubject(opened.kernel, request("x", "a", { ttlMs: 1e12 })), { code: "invalid_input" });
});

test("reserveSubject() clears away subjects that expired long ago, of every scope", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock, database } = opened;
  await reserveSubject(kernel, request("Growing tomatoes on a balcony", "a", { ttlMs: 1_000 }));
  await reserveSubject(kernel, request("Bicycles", "a", { scope: "videos", ttlMs: 1_000 }));
  const kept = async () =>
    (await database.query<{ text: string }>("select text from roost.subject order by id")).map((row) => row.text);
  await clock.advance(86_400_000);
  await reserveSubject(kernel, request("Volcanoes", "a"));
  assert.deepEqual(await kept(), ["Growing tomatoes on a balcony", "Bicycles", "Volcanoes"]);
  await clock.advance(7 * 86_400_000);
  await reserveSubject(kernel, request("Espresso", "a"));
  assert.deepEqual(await kept(), ["Volcanoes", "Espresso"]);
});
