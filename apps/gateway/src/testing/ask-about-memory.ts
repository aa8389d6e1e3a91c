import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { TestGateway } from "./create-test-gateway.ts";

/** Calls each operation of facts and recall, for the test that calls all. */
export async function askAboutMemory(client: TestGateway["client"]): Promise<void> {
  const lives = { subject: "Anna", attribute: "lives in" };
  const { fact } = await client.rememberFact({ text: "Anna lives in Ulm", ...lives, value: "Ulm" });
  const corrected = await client.rememberFact({
    text: "Anna lives in Bonn",
    ...lives,
    value: "Bonn",
    corrects: fact.id,
  });
  assert.equal(corrected.closedCount, 1);
  const { items } = await client.listFacts({ withClosed: true });
  assert.deepEqual(
    items.map(({ statement, replacedBy }) => [statement, replacedBy]),
    [
      ["Anna lives in Bonn", null],
      ["Anna lives in Ulm", corrected.fact.id],
    ],
  );
  const { lines } = await client.recall({ query: "where does Anna live", kinds: ["fact"] });
  assert.deepEqual(
    lines.map(({ text, ref }) => [text, ref]),
    [["Anna lives in Bonn", corrected.fact.id]],
  );
  await assert.rejects(client.acceptFact({ factId: corrected.fact.id }), { code: "conflict" });
  await askAboutMoving(client);
  const removed = await client.removeFact({ factId: corrected.fact.id, reason: "she moved" });
  assert.notEqual(removed.fact.retractedAt, null);
}

async function askAboutMoving(client: TestGateway["client"]): Promise<void> {
  const line = JSON.stringify({ kind: "file", ref: "note.md", path: "note.md", text: "moved in\n" });
  const content = { mediaType: "application/x-ndjson", bytes: new TextEncoder().encode(`${line}\nnot json\n`) };
  const { outcomes } = await client.importRecords({ source: "folder:/there", content });
  assert.deepEqual(
    outcomes.map(({ action, reason }) => [action, reason]),
    [
      ["refused", "it is not JSON"],
      ["created", null],
    ],
  );
  assert.equal(new TextDecoder().decode((await client.getFile({ path: "note.md" })).bytes), "moved in\n");
  await askAboutLarge(client);
  const exported = await client.exportRecords({ kind: "file", limit: 500 });
  assert.ok(exported.items.some(({ path }) => path === "note.md"));
  assert.equal(exported.items.find(({ path }) => path === "films/long.bin")?.["bytes"], 1_200_000);
  assert.equal((await client.getLastExport()).export, null);
  const { export: first } = await client.finishExport({ fileCount: 3, leftOutCount: 1 });
  await client.finishExport({ fileCount: 4, leftOutCount: 0 });
  const { export: last } = await client.getLastExport();
  assert.deepEqual([last?.fileCount, last?.leftOutCount, (last?.at ?? "") >= first.at], [4, 0, true]);
  const report = {
    kind: "a folder",
    from: "/there",
    counts: { file: { created: 1 } },
    refused: [],
    kept: [],
    noPlace: [],
  };
  const rest = { secrets: [], notes: [], leftOut: 0 };
  assert.ok((await client.finishImport({ source: "folder:/there", report: { ...report, ...rest } })).eventId);
}

async function askAboutLarge(client: TestGateway["client"]): Promise<void> {
  const bytes = new Uint8Array(1_200_000).fill(7);
  const brought = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.byteLength };
  const content = { mediaType: "application/octet-stream", bytes };
  assert.deepEqual(await client.putImportRange({ ...brought, from: 0, content }), { next: bytes.byteLength });
  const line = JSON.stringify({ kind: "file", ref: "long.bin", path: "films/long.bin", brought });
  const { outcomes } = await client.importRecords({
    source: "folder:/there",
    content: { mediaType: "application/x-ndjson", bytes: new TextEncoder().encode(line) },
  });
  assert.deepEqual(
    outcomes.map(({ action, path }) => [action, path]),
    [["created", "films/long.bin"]],
  );
}
