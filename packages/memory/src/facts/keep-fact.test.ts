/** Facts: one value at a time, corrections, and MEMORY.md as their view. What a correction does to prompts: corrections.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { untrustedFrom } from "@roost/contract/labels";
import { createRun } from "@roost/kernel";
import { remember, type Remember } from "../notes/remember.ts";
import { recall } from "../recall/recall.ts";
import { scanHome } from "../scan/scan-home.ts";
import { sendMessage } from "../sessions/send-message.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { compareBlocks, readBlock, writeBlock } from "./fact-block.ts";
import { acceptFact, keepFact, removeFact } from "./keep-fact.ts";
import { listFacts } from "./list-facts.ts";
import { recordSources } from "./mark-stale.ts";
import { sweepSources } from "./sweep-sources.ts";

const person = { as: { kind: "main" as const }, by: "cli" };
const parts = (subject: string, attribute: string, value: string) => ({ subject, attribute, value });
const day = (text: string) => new Date(`${text}T00:00:00Z`);

async function say(home: TestMemory, text: string, more: Partial<Remember> = {}): Promise<string> {
  const { fact } = await remember(home.memory, { text, ...person, ...more });
  return fact!.id;
}

const held = async (home: TestMemory, withClosed = false) =>
  (await listFacts(home.memory, { limit: 50, withClosed })).map(({ statement }) => statement).toSorted();

test("keepFact() keeps one value of an attribute at a time, and many where it is told so", async () => {
  await using home = await createTestMemory();
  const berlin = await say(home, "Anna lives in Berlin", {
    parts: parts("Anna", "lives in", "Berlin"),
    since: day("2020-01-01"),
  });
  await say(home, "Anna lives in Munich", { parts: parts(" anna", "Lives  in", "Munich"), since: day("2024-05-01") });
  await say(home, "Anna speaks French", { parts: parts("Anna", "speaks", "French"), isMany: true });
  await say(home, "Anna speaks Greek", { parts: parts("Anna", "speaks", "Greek"), isMany: true });
  assert.deepEqual(await held(home), ["Anna lives in Munich", "Anna speaks French", "Anna speaks Greek"]);
  const all = await listFacts(home.memory, { limit: 50, withClosed: true });
  const first = all.find(({ id }) => id === berlin)!;
  assert.deepEqual([first.validFrom, first.validTo, first.retractedAt], [day("2020-01-01"), day("2024-05-01"), null]);
  // Said again: nothing new. In the time of another value: refused by the constraint.
  const { fact } = await remember(home.memory, {
    text: "Anna lives in Munich",
    ...person,
    parts: parts("Anna", "lives in", "munich"),
  });
  assert.equal(fact!.isKnown, true);
  const overlapping = home.test.database.query(
    `insert into memory.fact (id, statement, subject, attribute, value, subject_key, attribute_key, is_single, valid, is_claim, confidence, extractor, by, source_event, labels)
     select gen_random_uuid(), 'x', subject, attribute, 'Rome', subject_key, attribute_key, true, valid, false, 1, 'person', 'x', 'x', labels from memory.fact where id = $1`,
    [berlin],
  );
  await assert.rejects(overlapping, /fact_single/);
  const { labels: _labels, ...source } = all.find(({ value }) => value === "Greek")!;
  assert.deepEqual([source.extractor, source.confidence, source.by], ["person", 1, "cli"]);
  const events = await home.events("home", ["fact.remembered", "fact.closed"]);
  assert.ok(events.some(({ id }) => id === source.sourceEvent));
  assert.deepEqual(
    events.filter(({ type }) => type === "fact.closed").map(({ subject }) => subject),
    [berlin],
  );
});

test("remember() notes what is known in the same words once, and again when it was taken back", async () => {
  await using home = await createTestMemory();
  const { fact, note } = await remember(home.memory, { text: "The codeword is tulip.", ...person });
  const again = await remember(home.memory, { text: "the codeword is tulip.", ...person });
  assert.deepEqual([again.fact?.id, again.fact?.isKnown, again.note], [fact?.id, true, undefined]);
  await home.kernel.transact((tx) => removeFact(tx, { id: fact!.id, by: "cli" }));
  const third = await remember(home.memory, { text: "The codeword is tulip.", ...person });
  assert.deepEqual([third.fact?.isKnown, third.note?.path], [false, note?.path]);
});

test("keepFact() with `corrects` retracts what was wrong from its beginning; removeFact() ends without a successor", async () => {
  await using home = await createTestMemory();
  const wrong = await say(home, "The bins go out on Monday", { since: day("2025-01-01") });
  const right = await say(home, "The bins go out on Tuesday", { corrects: wrong, reason: "misheard" });
  const all = await listFacts(home.memory, { limit: 50, withClosed: true });
  const [old, now] = [all.find(({ id }) => id === wrong)!, all.find(({ id }) => id === right)!];
  assert.ok(old.retractedAt !== null && old.replacedBy === right && old.reason === "misheard");
  assert.deepEqual(now.validFrom, day("2025-01-01"));
  await assert.rejects(say(home, "Wednesday", { corrects: wrong }), /is closed already/);
  await assert.rejects(say(home, "Wednesday", { corrects: crypto.randomUUID() }), /there is no fact/);
  await home.kernel.transact((tx) => removeFact(tx, { id: right, by: "cli" }));
  assert.deepEqual(await held(home), []);
});

test("sweepSources() forgets what runs rest on that are gone with all their messages, and nothing of one that is left", async () => {
  await using home = await createTestMemory();
  const { memory, kernel } = home;
  const factId = await say(home, "The bins go out on Tuesday");
  const [gone, said, left] = [kernel.createId(), kernel.createId(), kernel.createId()] as const;
  await sendMessage(memory, { sessionKey: "main", text: "When do the bins go out?" });
  await kernel.database.query("update memory.message set run_id = $1", [said]);
  await kernel.transact((tx) => createRun(tx, { id: left, reason: "test", input: {} }));
  for (const runId of [gone, said, left]) {
    await recordSources(kernel.database, runId, { text: "The bins go out on Tuesday", runIds: [gone] });
    await kernel.database.query("insert into memory.fact_dependent (fact_id, kind, ref) values ($1, 'run', $2)", [
      factId,
      runId,
    ]);
  }
  assert.deepEqual(await sweepSources(memory), { runCount: 1, next: null });
  const rows = await kernel.database.query<{ runId: string }>(
    `select distinct run_id as "runId" from memory.run_source
     union select ref from memory.fact_dependent where kind = 'run' order by 1`,
  );
  assert.deepEqual(
    rows.map(({ runId }) => runId),
    [said, left],
  );
  assert.deepEqual(await sweepSources(memory, { after: left }), { runCount: 0, next: null });
});

test("a fact that rests on content from outside, or that a job reports, is a claim: it closes nothing until a person accepts it", async () => {
  await using home = await createTestMemory();
  const known = await say(home, "The plumber is Ida", { parts: parts("plumber", "is", "Ida") });
  const page = { labels: untrustedFrom("web", "page.example"), runId: crypto.randomUUID(), by: "session:main" };
  const claimed = await say(home, "The plumber is Mallory", { ...page, parts: parts("plumber", "is", "Mallory") });
  await assert.rejects(say(home, "Mallory", { ...page, corrects: known }), { code: "forbidden" });
  await say(home, "The plumber is Bob", {
    as: { kind: "cron", jobId: "spy" },
    by: "job:spy",
    runId: crypto.randomUUID(),
    parts: parts("plumber", "is", "Bob"),
  });
  assert.match(await home.read("MEMORY.md"), /\*\*plumber\*\* is: Ida/);
  assert.ok(!/Mallory|Bob/.test(await home.read("MEMORY.md")));
  const shown = await recall(home.memory, { query: "who is the plumber", as: { kind: "main" }, kinds: ["fact"] });
  assert.deepEqual(shown.lines.map(({ text }) => text).toSorted(), [
    "The plumber is Bob (claimed by job:spy, not accepted)",
    "The plumber is Ida",
  ]);
  assert.equal(shown.markedCount, 1);
  await home.kernel.transact((tx) => acceptFact(tx, { id: claimed, by: "cli" }));
  assert.ok((await held(home)).includes("The plumber is Mallory"));
  assert.ok(!(await held(home)).includes("The plumber is Ida"));
});

test("what a person has accepted is not claimed anew, and a job learns of no fact by claiming it", async () => {
  await using home = await createTestMemory();
  const page = { labels: untrustedFrom("web", "page.example"), runId: crypto.randomUUID(), by: "session:main" };
  const ofJob = (name: string) => ({
    as: { kind: "cron" as const, jobId: name },
    by: `job:${name}`,
    sessionKind: "cron" as const,
    runId: crypto.randomUUID(),
    parts: parts("landlord", "is", "Ida"),
  });
  const claimed = await say(home, "The landlord is Ida", { ...page, parts: parts("landlord", "is", "Ida") });
  await home.kernel.transact((tx) => acceptFact(tx, { id: claimed, by: "cli" }));
  assert.equal(await say(home, "Ida is the landlord", { ...page, parts: parts("landlord", "is", "Ida") }), claimed);
  const guessed = await say(home, "The landlord is Ida", ofJob("spy"));
  assert.notEqual(guessed, claimed);
  await home.kernel.transact((tx) => acceptFact(tx, { id: guessed, by: "cli" }));
  assert.equal(await say(home, "The landlord is Ida", ofJob("spy")), guessed, "its own, as it was accepted");
});

test("MEMORY.md shows facts beside the person's prose, and an edit of a line is a fact", async () => {
  await using home = await createTestMemory({ files: { "MEMORY.md": "# What lasts\n\nI like rain.\n" } });
  await say(home, "Anna lives in Berlin", { parts: parts("Anna", "lives in", "Berlin") });
  await say(home, "Tea is in the blue tin");
  const written = await home.read("MEMORY.md");
  assert.match(
    written,
    /^# What lasts\n\nI like rain\.\n\n## Facts\n\n<!-- facts:[^\n]+\n- \*\*Anna\*\* lives in: Berlin\n- Tea is in the blue tin\n<!-- end of facts -->\n$/,
  );
  // A person corrects one, adds one, and writes prose below.
  await home.writeOutside(
    "MEMORY.md",
    `${written.replace("Berlin", "Munich").replace("- Tea is", "- **Theo** keeps: bees\n- Tea is").replace("I like rain", "I like snow")}\nMore prose.\n`,
  );
  await scanHome(home.memory);
  assert.deepEqual(await held(home), ["Anna lives in Munich", "Tea is in the blue tin", "Theo keeps bees"]);
  const facts = await listFacts(home.memory, { limit: 9, withClosed: true });
  const berlin = facts.find(({ value }) => value === "Berlin")!;
  assert.equal(berlin.replacedBy, facts.find(({ value }) => value === "Munich")!.id);
  const now = await home.read("MEMORY.md");
  assert.match(now, /I like snow\.[^]*Munich[^]*end of facts -->\n\nMore prose\.\n$/);
  // Once more without a change: nothing is written.
  const before = (await home.events("home")).length;
  await scanHome(home.memory);
  assert.equal((await home.events("home")).length, before);
  // A line that is taken out is removed, the file as a whole is not.
  await home.writeOutside("MEMORY.md", now.replace("- Tea is in the blue tin\n", "A remark among the facts\n"));
  await scanHome(home.memory);
  assert.deepEqual(await held(home), ["Anna lives in Munich", "Theo keeps bees"]);
  assert.match(await home.read("MEMORY.md"), /end of facts -->\n\nA remark among the facts\n\nMore prose/);
});

test("MEMORY.md without its facts takes none away: they come back, and the person is told", async () => {
  await using home = await createTestMemory();
  for (const name of ["a", "b", "c", "d", "e"]) await say(home, `${name} is a letter`);
  await home.writeOutside("MEMORY.md", "Only this.\n");
  await scanHome(home.memory);
  assert.equal((await held(home)).length, 5);
  assert.match(await home.read("MEMORY.md"), /^Only this\.\n\n## Facts[^]*- e is a letter/);
  const [notice] = await home.events("notices", ["notice.raised"]);
  assert.match(String(notice!.data["text"]), /5 of 5 facts were removed from MEMORY\.md at once/);
});

test("two who say a different value at the same time leave one, and both are in the log", async () => {
  await using home = await createTestMemory();
  const keep = (value: string) =>
    home.kernel.transact((tx) =>
      keepFact(tx, { parts: parts("door", "code is", value), by: "cli", extractor: "person" }),
    );
  await Promise.all(["1", "2", "3", "4"].map(keep));
  assert.equal((await held(home)).length, 1);
  assert.equal((await held(home, true)).length, 4);
});

test("keepFact() takes a corrected line onto a subject that has a value, and one of several values stays one of several", async () => {
  await using home = await createTestMemory();
  const misspelt = await say(home, "Ana lives in Berlin", {
    parts: parts("Ana", "lives in", "Berlin"),
    since: day("2024-01-01"),
  });
  const later = { parts: parts("Anna", "lives in", "Munich"), since: day("2024-02-01") };
  await say(home, "Anna lives in Munich", later);
  const corrected = { parts: parts("Anna", "lives in", "Berlin"), corrects: misspelt };
  await say(home, "Anna lives in Berlin", corrected);
  assert.deepEqual(await held(home), ["Anna lives in Berlin"]);
  const greek = await say(home, "Anna speaks Greek", { parts: parts("Anna", "speaks", "Greek"), isMany: true });
  const french = await say(home, "Anna speaks French", { parts: parts("Anna", "speaks", "French"), isMany: true });
  await say(home, "Anna speaks Greek well", { parts: parts("Anna", "speaks", "Greek well"), corrects: greek });
  await say(home, "Anna speaks French well", { parts: parts("Anna", "speaks", "French well"), corrects: french });
  assert.deepEqual(await held(home), ["Anna lives in Berlin", "Anna speaks French well", "Anna speaks Greek well"]);
  const early = { parts: parts("Anna", "lives in", "Rome"), since: day("2999-01-01") };
  await assert.rejects(say(home, "Anna lives in Rome", early), { code: "invalid_input" });
});

test("compareBlocks() understands what was done to the lines", () => {
  const before = [
    ["1", "**Anna** lives in: Berlin"],
    ["2", "Tea is in the blue tin"],
    ["3", "gone"],
  ] as const;
  assert.deepEqual(compareBlocks(before, ["**Anna** lives in: Munich", "Tea is in the blue  tin", "something else"]), {
    added: ["something else"],
    corrected: [{ id: "1", line: "**Anna** lives in: Munich" }],
    removed: ["3"],
    kept: [["2", "Tea is in the blue  tin"]],
  });
  const text = "a\n\n## Facts\n\n<!-- facts: x -->\n- one\n- two\n\nprose after a lost end\n";
  const block = readBlock(text);
  assert.deepEqual(
    block.items?.map((item) => item.text),
    ["one", "two"],
  );
  assert.match(
    writeBlock(block, ["one"], 2),
    /^a\n\n## Facts\n\n<!-- facts:[^\n]+\n- one\n<!-- 2 older ones: [^\n]+\n<!-- end of facts -->\n\nprose after a lost end\n$/,
  );
  assert.deepEqual(readBlock(writeBlock(block, ["one"], 2)).others, []);
});
