import assert from "node:assert/strict";
import { test } from "node:test";
import { audienceOf, isUntrusted, mainLabels, untrustedFrom } from "@roost/contract/labels";
import { raiseNotice } from "@roost/kernel";
import { appendDailyNote } from "../notes/append-daily-note.ts";
import { rewindSession } from "../sessions/rewind-session.ts";
import { sendMessage } from "../sessions/send-message.ts";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { createTestWorker, startJobRun } from "../testing/run-agent.ts";
import { rankLines, weightOfTerm } from "./rank-lines.ts";
import { indexLines } from "./index-document.ts";
import { recall, type RecallRequest } from "./recall.ts";
import { splitLong, splitMarkdown } from "./split-markdown.ts";

const main = { kind: "main" as const };
const cron = { kind: "cron" as const, jobId: "blog" };

async function found(home: TestMemory, query: string, request: Partial<RecallRequest> = {}): Promise<string[]> {
  const { lines } = await recall(home.memory, { query, as: main, ...request });
  return lines.map(({ document, text }) => `${document}: ${text}`);
}

test("recall() finds notes, files, conversations and results of jobs, each with its source", async () => {
  await using home = await createTestMemory({
    files: {
      "MEMORY.md": "# What lasts\n\n## Family\n- Anna's birthday is on 3 May\n- Uncle Theo keeps bees\n",
      "projects/kiln.md": "The next post explains pottery kilns.\n",
      "memory/mail-state.json": '{"kilns": "a state is no memory"}',
    },
  });
  await using worker = await createTestWorker(home.memory);
  await sendMessage(home.memory, { sessionKey: "main", text: "I glazed a bowl in the pottery class" });
  await worker.turn("A blue glaze suits stoneware.");
  await startJobRun(home.kernel, { jobId: "weather", kind: "cron" });
  await worker.turn("Hail is expected over the orchard.");
  assert.equal((await found(home, "when is the birthday of Anna"))[0], "MEMORY.md: - Anna's birthday is on 3 May");
  const pottery = await found(home, "pottery");
  for (const line of [
    "main: I glazed a bowl in the pottery class",
    "projects/kiln.md: The next post explains pottery kilns.",
  ])
    assert.ok(pottery.includes(line), pottery.join("\n"));
  assert.ok(pottery.includes("main: A blue glaze suits stoneware."), "it stands beside the line that has the word");
  assert.match((await found(home, "hail orchard")).join(), /log: weather finished: Hail is expected over the orchard/);
  const { lines } = await recall(home.memory, { query: "bees", as: main, limit: 1 });
  assert.deepEqual(
    lines.map(({ kind, document, ref }) => ({ kind, document, ref })),
    [{ kind: "file", document: "MEMORY.md", ref: "5" }],
  );
  assert.deepEqual(
    await found(home, "family beeping Theoo"),
    await found(home, "family Theo"),
    "a misspelt word is taken for a similar one",
  );
  assert.deepEqual(await found(home, "?!"), []);
  await assert.rejects(found(home, "x".repeat(1_001)), /the question has 1001 characters \(limit 1000\)/);
});

test("recall() follows edits, deletions and turns that were taken back", async () => {
  await using home = await createTestMemory({ files: { "notes.md": "The spare key is under the fern.\n" } });
  assert.equal((await found(home, "spare key")).length, 1);
  await home.writeOutside("notes.md", "The spare key is with Ida.\n");
  await scanHome(home.memory);
  assert.deepEqual(await found(home, "spare key"), ["notes.md: The spare key is with Ida."]);
  assert.deepEqual(await found(home, "fern"), []);
  await using worker = await createTestWorker(home.memory);
  await sendMessage(home.memory, { sessionKey: "main", text: "My locker has the number 4711" });
  await worker.turn("Noted.");
  assert.equal((await found(home, "locker number")).length, 2);
  await rewindSession(home.memory, "main", { by: "test" });
  assert.deepEqual(await found(home, "locker number"), []);
});

test("recall() keeps to the reader's clearance, and tells of outside content before it shows it", async () => {
  await using home = await createTestMemory({
    files: {
      "MEMORY.md": "The safe opens with a saffron key.\n",
      "skills/baking/SKILL.md": "Bread with saffron.\n",
      "work/blog/a.md": "Saffron draft.\n",
    },
  });
  const page = untrustedFrom("web", "page.example");
  await appendDailyNote(home.memory, {
    text: "Saffron is sold out, says a page",
    as: main,
    by: "session:main",
    labels: page,
  });
  const ofCron = (await found(home, "saffron", { as: cron, withMarked: true })).join("\n");
  assert.match(ofCron, /work\/blog\/a\.md/);
  assert.match(ofCron, /skills\/baking/);
  assert.ok(!ofCron.includes("MEMORY.md") && !ofCron.includes("memory/"), ofCron);
  assert.deepEqual(await found(home, "saffron", { as: { kind: "channel", sessionKey: "channel:1" } }), []);
  const shown = await recall(home.memory, { query: "saffron sold out", as: main });
  assert.ok(!shown.lines.some(({ labels }) => isUntrusted(labels)));
  assert.ok(!isUntrusted(shown.labels));
  // What programs write into work/ is from outside as well.
  assert.equal(shown.markedCount, 2);
  const marked = await recall(home.memory, { query: "saffron sold out", as: main, withMarked: true });
  assert.match(marked.lines[0]!.text, /Saffron is sold out, says a page/);
  assert.deepEqual(marked.labels.trust, "untrusted");
  assert.ok(marked.labels.sources.includes("web:page.example"));
});

test("recall() stays within its budget, repeats nothing, and finds what happened in a time", async () => {
  await using home = await createTestMemory();
  const at = (day: string) => new Date(`${day}T10:00:00Z`);
  const line = (ref: string, day: string, text: string) => ({
    ref,
    at: at(day),
    saidBy: "Ines",
    text,
    labels: mainLabels,
  });
  await indexLines(home.memory, {
    kind: "conversation",
    ref: "import:1",
    version: "1",
    lines: [
      line("1", "2025-03-01", "We walked along the river and talked about Lisbon"),
      line("2", "2025-03-01", "we walked along the river, and talked about Lisbon!"),
      line("3", "2025-06-09", "The flight to Lisbon is booked"),
      line("4", "2025-06-09", `Lisbon ${"and so on ".repeat(50)}`),
    ],
  });
  assert.equal((await found(home, "Lisbon")).length, 3);
  assert.deepEqual(await found(home, "Lisbon in March 2025", { limit: 1 }), [
    "import:1: We walked along the river and talked about Lisbon",
  ]);
  assert.deepEqual(await found(home, "what did Ines book", { limit: 1 }), ["import:1: The flight to Lisbon is booked"]);
  assert.equal((await found(home, "Lisbon", { until: at("2025-04-01") })).length, 1);
  assert.equal((await found(home, "Lisbon", { since: at("2025-04-01"), tokensMax: 60 })).length, 1);
  assert.deepEqual(await found(home, "Lisbon", { kinds: ["file", "events"] }), []);
});

test("recall() knows what the person was told, and tells a job what is its own", async () => {
  await using home = await createTestMemory();
  await home.kernel.transact(async (tx) => {
    const labelSet = await tx.labelSet({ ...mainLabels, audiences: [audienceOf("job", "blog")] });
    raiseNotice(tx, { level: "info", text: "The kiln is cold", source: "job:blog", labelSet });
  });
  assert.deepEqual(await found(home, "kiln"), ["log: notice (info): The kiln is cold"]);
  assert.equal((await found(home, "kiln", { as: cron })).length, 1);
  assert.deepEqual(await found(home, "kiln", { as: { kind: "cron", jobId: "mail" } }), []);
});

test("rankLines() prefers rare words, and lines whose neighbours tell of the same at the same time", () => {
  const weights = [
    weightOfTerm({ lineCount: 2, allCount: 1_000, fit: 1 }),
    weightOfTerm({ lineCount: 400, allCount: 1_000, fit: 1 }),
  ];
  assert.ok(weights[0]! > weights[1]!);
  const candidates = [
    { document: 1, place: 5, atMinute: 100, mask: 0b10 },
    { document: 1, place: 6, atMinute: 100, mask: 0b01 },
    { document: 2, place: 6, atMinute: 100, mask: 0b01 },
    // Of another day: no neighbour.
    { document: 2, place: 7, atMinute: 100_000, mask: 0b10 },
  ];
  const ranked = rankLines(candidates, { weights, nowMinute: 10_000_000, limit: 3 });
  assert.deepEqual(
    ranked.map(({ document, place }) => [document, place]),
    [
      [1, 6],
      [2, 6],
      [1, 5],
    ],
  );
});

test("splitMarkdown() keeps items with what belongs to them, under their headings; splitLong() cuts behind sentences", () => {
  assert.deepEqual(splitMarkdown("# A\n\none\ntwo\n\n## B\n- x\n  more\n- y\n# C\nz"), [
    { text: "one two", from: 3, count: 2, heading: "A" },
    { text: "- x more", from: 7, count: 2, heading: "A B" },
    { text: "- y", from: 9, count: 1, heading: "A B" },
    { text: "z", from: 11, count: 1, heading: "C" },
  ]);
  const pieces = splitLong("A sentence of words. ".repeat(60));
  assert.ok(pieces.every((piece) => piece.length <= 600 && piece.endsWith(".")));
  assert.equal(pieces.join(" "), "A sentence of words. ".repeat(60).trim());
});
