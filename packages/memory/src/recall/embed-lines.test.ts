/** Recall by vectors, against a server over HTTP that knows which words are the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEmbedder, type Embedder } from "@roost/agent";
import { directionOf, productOf, RoostError } from "@roost/base";
import { startEmbeddingServer } from "@roost/agent/testing";
import { audienceOf, mainLabels } from "@roost/contract/labels";
import { raiseNotice } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { scanHome } from "../scan/scan-home.ts";
import { Settings } from "../settings/settings.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { createEmbeddingLoop, embedLines } from "./embed-lines.ts";
import { fuse } from "./find-near.ts";
import { indexLines } from "./index-document.ts";
import { recall } from "./recall.ts";
import { refreshRecall } from "./refresh-recall.ts";
import { bytesVector, codeOf, vectorBytes } from "./vector-bytes.ts";
import { modelOf, readSpace } from "./vector-space.ts";

const notes = Array.from({ length: 150 }, (_, n) => `- Entry ${n} of the garden: ${"weeds ".repeat(n % 5)}`);
const files = {
  "MEMORY.md": "- The automobile is in the garage\n- Tea is at four\n",
  "memory/2026-03-01.md": `# 2026-03-01\n\n${notes.join("\n")}\n`,
};

const as = { kind: "main" as const };
const textsOf = async (memory: Memory, query: string, viewer: Parameters<typeof recall>[1]["as"] = as) =>
  (await recall(memory, { query, as: viewer, limit: 5 })).lines.map(({ text }) => text);

function withEmbedder(home: TestMemory, embedder: Embedder, tokensPerDayMax = 1_000_000): Memory {
  const { baseUrl, model } = { baseUrl: "http://127.0.0.1:9/v1", model: "m" };
  const settings = Settings.parse({ timeZone: "UTC", embeddings: { baseUrl, model, tokensPerDayMax } });
  return { ...home.memory, settings, embedder };
}

test("recall() finds by vectors what is said in other words, and by words alone when the model does not answer", async () => {
  await using server = await startEmbeddingServer({ same: [["automobile", "car", "vehicle"]] });
  await using home = await createTestMemory({ files });
  const embedder = createEmbedder({ baseUrl: server.url, model: "one" });
  const memory = withEmbedder(home, embedder);
  await home.kernel.transact(async (tx) => {
    const labelSet = await tx.labelSet({ ...mainLabels, audiences: [audienceOf("job", "letters")] });
    raiseNotice(tx, { level: "info", text: "Her automobile is red", source: "job:letters", labelSet });
  });
  await refreshRecall(memory);
  assert.deepEqual(await textsOf(memory, "vehicle"), [], "no line has the word, and there are no vectors yet");
  // A server that fails costs nothing that it has made before.
  server.status = 503;
  await assert.rejects(embedLines(memory, embedder), { code: "unavailable" });
  server.status = undefined;
  assert.equal(await embedLines(memory, embedder), "done");
  const asked = server.requests.slice(1).flat();
  assert.equal(asked.filter((text) => text.includes("automobile is in")).length, 1);
  assert.ok(server.requests.every(({ length }) => length <= 64));
  for (const query of ["vehicle", "where is the car"])
    assert.ok((await textsOf(memory, query)).includes("- The automobile is in the garage"), query);
  // By the reader's clearance, as by words.
  const job = { kind: "cron" as const, jobId: "letters" };
  assert.deepEqual(await textsOf(memory, "vehicle", job), ["notice (info): Her automobile is red"]);
  // An edit asks for what is new alone.
  const before = server.requests.flat().length;
  await home.writeOutside("memory/2026-03-01.md", `${files["memory/2026-03-01.md"]}- The vehicle was washed\n`);
  await scanHome(memory);
  await refreshRecall(memory);
  assert.equal(await embedLines(memory, embedder), "done");
  assert.deepEqual(server.requests.flat().slice(before), ["- The vehicle was washed"]);
  assert.ok((await textsOf(memory, "car")).includes("- The vehicle was washed"));
  server.status = 500;
  assert.equal((await textsOf(memory, "vehicle"))[0], "- The vehicle was washed", "by words");
});

test("embedLines() goes on where another process ended, stays within the tokens of a day, and begins anew for another model", async () => {
  await using server = await startEmbeddingServer();
  await using home = await createTestMemory({ files });
  await home.test.clock.set(new Date("2026-03-02T12:00:00Z"));
  const embedder = createEmbedder({ baseUrl: server.url, model: "one" });
  const few = withEmbedder(home, embedder, 1_000);
  await refreshRecall(few);
  assert.equal(await embedLines(few, embedder), "spent");
  const first = server.requests.flat();
  assert.ok(first.length > 0 && first.length < notes.length, `${first.length}`);
  const count = async () =>
    (await home.test.database.query<{ n: number }>("select count(*)::integer as n from memory.recall_vector"))[0]!.n;
  assert.equal(await count(), first.length);
  assert.deepEqual(await textsOf(few, "nothingofit"), [], "questions are not asked above it either");
  await home.test.clock.set(new Date("2026-03-03T12:00:00Z"));
  const another = withEmbedder({ ...home, memory: await home.openAnother() }, embedder);
  assert.equal(await embedLines(another, embedder), "done");
  const all = server.requests.flat();
  assert.equal(new Set(all).size, all.length, "no text is asked for twice");
  assert.equal(await count(), notes.length + 2);
  const other = createEmbedder({ baseUrl: server.url, model: "two" });
  const changed = withEmbedder(home, other);
  assert.deepEqual(await textsOf(changed, "nothingofit"), [], "vectors of another model are not compared");
  assert.equal(await embedLines(changed, other), "done");
  assert.equal(server.requests.flat().length, 2 * all.length);
  assert.equal(await count(), notes.length + 2);
});

test("embedLines() leaves out a text that the model does not take, and no other; a model that takes nothing is told", async () => {
  await using server = await startEmbeddingServer();
  await using home = await createTestMemory({ files });
  const whole = createEmbedder({ baseUrl: server.url, model: "one" });
  let refused = /Entry (?:7|90) of/;
  const embedder: Embedder = {
    id: whole.id,
    embed: async (texts, options) => {
      if (texts.some((text) => refused.test(text))) throw new RoostError("invalid_input", "too long");
      return whole.embed(texts, options);
    },
  };
  const memory = withEmbedder(home, embedder);
  await refreshRecall(memory);
  assert.equal(await embedLines(memory, embedder), "done");
  const [row] = await home.test.database.query<{ n: number }>(
    "select count(*)::integer as n from memory.recall_vector",
  );
  assert.equal(row!.n, notes.length + 2 - 2);
  refused = /./;
  await assert.rejects(embedLines(memory, embedder), { code: "invalid_input" });
});

test("vectors as bits and bytes keep their direction; fuse() puts first what words and vectors find, and what has the words before what is only like them", () => {
  const vector = Float32Array.from([0.5, -0.25, 0, 1]);
  assert.equal(codeOf(vector), "1011");
  assert.ok(productOf(directionOf(vector), directionOf(bytesVector(vectorBytes(vector)))) > 0.999);
  const at = (place: number, score = 1) => ({ document: 1, place, score, atMinute: 0 });
  assert.deepEqual(
    fuse([at(1, 8), at(2, 7), at(3, 4)], [at(4, 0.9), at(3, 0.8)], 4).map(({ place }) => place),
    [3, 1, 2, 4],
  );
  assert.deepEqual(
    fuse([at(1, 8)], [at(4, 1.25)], 2).map(({ place }) => place),
    [1, 4],
  );
});

test("embedLines() puts who said it before a line, and what the model learned with before that; other words make vectors anew", async () => {
  await using server = await startEmbeddingServer();
  await using home = await createTestMemory({});
  const lines = [{ ref: "1", saidBy: "Caroline", at: new Date(), text: "I went to the lake", labels: mainLabels }];
  await indexLines(home.memory, { kind: "conversation", ref: "of the lake", version: "1", lines });
  const config = { baseUrl: server.url, model: "multilingual-e5-small" };
  for (const prefixes of [undefined, { question: "Q ", line: "" }]) {
    const embedder = createEmbedder({ ...config, prefixes });
    const memory = withEmbedder(home, embedder);
    assert.equal(await embedLines(memory, embedder), "done");
    await textsOf(memory, "who swam");
  }
  const asked = server.requests.flat().filter((text) => /lake|swam/.test(text));
  assert.deepEqual(asked, [
    "passage: Caroline: I went to the lake",
    "query: who swam",
    "Caroline: I went to the lake",
    "Q who swam",
  ]);
});

test("recall() tells texts apart that a model places in one corner, by codes that follow the middle of what the home has", async () => {
  await using server = await startEmbeddingServer({ same: [["automobile", "car", "vehicle"]], corner: 4 });
  await using home = await createTestMemory({ files: { "MEMORY.md": files["MEMORY.md"] } });
  const embedder = createEmbedder({ baseUrl: server.url, model: "one" });
  const memory = withEmbedder(home, embedder);
  const readCentre = async () => (await readSpace(home.kernel.database, embedder))!;
  await refreshRecall(memory);
  assert.equal(await embedLines(memory, embedder), "done");
  assert.equal((await readCentre()).centre, undefined, "two texts have no middle");
  await home.writeOutside("memory/2026-03-01.md", files["memory/2026-03-01.md"]);
  await scanHome(memory);
  await refreshRecall(memory);
  assert.equal(await embedLines(memory, embedder), "done");
  const { centre, centreOf } = await readCentre();
  assert.ok(centreOf >= 64 && centreOf <= notes.length + 2, `${centreOf}`);
  const rows = await home.kernel.database.query<{ code: string; vector: Buffer }>(
    "select v.code::text as code, e.vector from memory.recall_vector v join memory.embedding e on e.key = v.key",
  );
  assert.equal(rows.length, notes.length + 2);
  for (const { code, vector } of rows) assert.equal(code, codeOf(directionOf(bytesVector(vector), centre)));
  assert.ok(new Set(rows.map(({ code }) => code)).size > notes.length / 2, "seen from it they differ");
  const asked = server.requests.flat();
  assert.equal(new Set(asked).size, asked.length, "no text is asked for again");
  assert.equal((await textsOf(memory, "vehicle"))[0], "- The automobile is in the garage");
});

test("embedLines() of two processes asks for each text once, and a model that is replaced while it answers leaves no vector and no error", async () => {
  await using server = await startEmbeddingServer({ same: [["automobile", "car"]] });
  await using home = await createTestMemory({ files });
  const embedder = createEmbedder({ baseUrl: server.url, model: "one" });
  const memory = withEmbedder(home, embedder);
  await refreshRecall(memory);
  const outcomes = await Promise.all([embedLines(memory, embedder), embedLines(memory, embedder)]);
  assert.deepEqual(outcomes.toSorted(), ["busy", "done"]);
  const asked = server.requests.flat();
  assert.equal(new Set(asked).size, asked.length);
  // What another process does when its settings name another model.
  const replace = async () => {
    const { database } = home.kernel;
    await database.query("update memory.embedding_state set model = 'two', dimensions = null, document = 0, place = 0");
    await database.query("delete from memory.recall_vector");
    await database.query("delete from memory.embedding");
  };
  const replaced: Embedder = {
    id: embedder.id,
    embed: async (...given) => {
      const made = await embedder.embed(...given);
      await replace();
      return made;
    },
  };
  const [first] = await textsOf(withEmbedder(home, replaced), "automobile");
  assert.equal(first, "- The automobile is in the garage", "words alone decide");
  await home.kernel.database.query("update memory.embedding_state set model = $1", [modelOf(embedder)]);
  await assert.rejects(embedLines(memory, replaced), { message: /was replaced by another while it answered/ });
  const [kept] = await home.kernel.database.query("select 1 from memory.embedding");
  assert.equal(kept, undefined);
});

test("embedLines() keeps its turn while a batch is halved for long, and leaves a text to another once it has lost it", async () => {
  await using server = await startEmbeddingServer();
  await using home = await createTestMemory({ files });
  const atMs = Date.parse("2026-03-02T12:00:00Z");
  let calls = 0;
  const others: string[] = [];
  const whole = createEmbedder({ baseUrl: server.url, model: "one" });
  const memory = withEmbedder(home, whole);
  const pass = (ms: number) => home.test.clock.set(new Date(atMs + ms));
  await pass(0);
  const slow: Embedder = {
    id: whole.id,
    embed: async (texts, options) => {
      calls += 1;
      await pass(calls * 50_000);
      others.push(await embedLines(memory, whole));
      if (texts.some((text) => /Entry 7 of/.test(text))) throw new RoostError("invalid_input", "too long");
      return whole.embed(texts, options);
    },
  };
  await refreshRecall(memory);
  assert.equal(await embedLines(withEmbedder(home, slow), slow), "done");
  assert.ok(calls > 6, `${calls}`);
  assert.deepEqual(new Set(others), new Set(["busy"]), "however long it takes");
  await home.writeOutside("MEMORY.md", "- Entry 7 of the shed\n- Entry 8 of the shed\n");
  await scanHome(memory);
  await refreshRecall(memory);
  const asleep: Embedder = {
    id: whole.id,
    embed: async (texts, options) => {
      if (texts.includes("ok")) await pass(100_000_000);
      if (texts.includes("ok")) others.push(await embedLines(memory, whole));
      else if (texts.length > 1) throw new RoostError("invalid_input", "too long");
      return whole.embed(texts, options);
    },
  };
  assert.deepEqual([await embedLines(memory, asleep), others.at(-1)], ["busy", "done"]);
  const asked = server.requests.flat().filter((text) => text.includes("of the shed"));
  assert.equal(asked.length, 2, "those that the other has had are asked for once");
});

test("createEmbeddingLoop() has the model of the process that began last, however often the others look", async () => {
  await using server = await startEmbeddingServer();
  await using home = await createTestMemory({ files });
  await refreshRecall(home.memory);
  const loopOf = (model: string) =>
    createEmbeddingLoop(withEmbedder(home, createEmbedder({ baseUrl: server.url, model })))!;
  const first = loopOf("one");
  await first.look();
  const later = loopOf("two");
  const asked: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    await later.look();
    await first.look();
    asked.push(server.requests.flat().length);
  }
  assert.equal(asked[0], 2 * (notes.length + 2), "once with each model");
  assert.deepEqual(asked, [asked[0], asked[0], asked[0]]);
});
