import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { mainLabels, openLabels, untrustedFrom } from "@roost/contract/labels";
import { createRun } from "@roost/kernel";
import { createTestMemory } from "../testing/create-test-memory.ts";
import { dropParts } from "./drop-parts.ts";
import { kindOf } from "./kind-of.ts";
import { sendMessage } from "../sessions/send-message.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { findPart } from "./find-part.ts";
import { keepPart, readPart, takeParts } from "./parts.ts";

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const labels = mainLabels;
const day = 24 * 60 * 60 * 1000 + 1000;

test("kindOf() goes by the bytes, and by name and sender only where they say nothing", () => {
  const of = (text: string | Buffer, given: { name?: string; said?: string } = {}) => {
    const { type, mediaType } = kindOf(Buffer.from(text as string), given);
    return `${type} ${mediaType}`;
  };
  assert.equal(of(png, { name: "notes.md", said: "text/plain" }), "image image/png");
  assert.equal(of(Buffer.from("ffd8ffe0", "hex")), "image image/jpeg");
  assert.equal(of("RIFF1234WEBPVP8 "), "image image/webp");
  assert.equal(of("\0\0\0\x18ftypheic"), "image image/heic");
  assert.equal(of("RIFF1234WAVEfmt "), "audio audio/wav");
  assert.equal(of("%PDF-1.7", { name: "x.png" }), "file application/pdf");
  assert.equal(of("# Notes", { name: "notes.md" }), "text text/markdown");
  assert.equal(of("{}", { said: "application/json; charset=utf-8" }), "json application/json");
  assert.equal(of("hello", { name: "photo.jpg", said: "image/jpeg" }), "text text/plain");
  assert.equal(of("\0\0", { said: "image/png" }), "file application/octet-stream");
  assert.equal(of("PK\x03\x04", { said: "application/epub+zip" }), "file application/epub+zip");
  assert.equal(of(`${"a".repeat(4095)}ä`), "text text/plain", "a character cut at the end of what is looked at");
});

test("keepPart() keeps equal bytes once, and refuses more than 20 MB without leaving any", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const part = await keepPart(memory, { content: png, name: "a.png", labels });
  assert.deepEqual([part.type, part.mediaType, part.bytes, part.name], ["image", "image/png", 16, "a.png"]);
  const again = await keepPart(memory, { content: png, name: "b.png", labels });
  assert.equal(again.sha256, part.sha256);
  assert.deepEqual(await readPart(memory, part.sha256!), {
    mediaType: "image/png",
    name: "a.png",
    labels,
    bytes: png,
  });
  async function* large() {
    for (let count = 0; count < 21; count += 1) yield new Uint8Array(1024 * 1024);
  }
  await assert.rejects(keepPart(memory, { content: large(), labels }), { code: "limit_exceeded" });
  assert.equal((await memory.parts.list()).objects.length, 1);
  assert.deepEqual(await readdir(join(home.homeDir, ".roost/parts/incoming")), []);
});

test("keepPart() and takeParts() repair a file's name that would pass for another, or is too long", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const content = Buffer.from("one file");
  const { name, sha256 = "" } = await keepPart(memory, { content, labels, name: "a\n\u202ecod.exe" });
  assert.equal(name, "a\ufffd\ufffdcod.exe");
  const refs = [{ sha256 }, { sha256, name: `b\u2066${"c".repeat(300)}` }];
  const taken = await memory.kernel.transact((tx) => takeParts(memory, tx, { refs, labels }));
  assert.deepEqual(
    taken.map((part) => part.name),
    ["a\ufffd\ufffdcod.exe", `b\ufffd${"c".repeat(198)}`],
  );
});

test("takeParts() marks by the source, for the audience of the message, and puts short texts in place", async () => {
  await using home = await createTestMemory();
  const { memory, kernel } = home;
  const text = await keepPart(memory, { content: Buffer.from("buy milk"), name: "list.txt", labels });
  const image = await keepPart(memory, { content: png, labels: untrustedFrom("web", "example.com") });
  const take = (refs: { sha256: string; name?: string }[]) =>
    kernel.transact((tx) => takeParts(memory, tx, { refs, labels: { ...openLabels, audiences: ["session:x"] } }));
  const [first, second] = await take([{ sha256: text.sha256!, name: "shopping.txt" }, { sha256: image.sha256! }]);
  assert.deepEqual(
    [first?.text, first?.name, first?.labels],
    ["buy milk", "shopping.txt", ["aud:session:x", "trust:owner"]],
  );
  assert.deepEqual(
    [second?.text, second?.labels],
    [undefined, ["aud:session:x", "src:web:example.com", "trust:untrusted"]],
  );
  await assert.rejects(take([{ sha256: "0".repeat(64) }]), { code: "not_found", message: /upload it/ });
});

test("keepPart() on a full disk is unavailable, and keeps nothing", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const full = Object.assign(new Error("no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  const parts = { ...memory.parts, put: () => Promise.reject(full) };
  const keep = keepPart({ ...memory, parts }, { content: png, labels });
  await assert.rejects(keep, { code: "unavailable", message: /the disk is full: free some space/ });
  assert.deepEqual((await memory.parts.list()).objects, []);
});

test("dropParts() removes what nothing names after a day, and nothing that a message, a run or a fork names", async () => {
  await using home = await createTestMemory();
  const { memory, kernel, test: time } = home;
  const keep = (text: string, runId?: string) => keepPart(memory, { content: Buffer.from(text), labels, runId });
  const runId = kernel.createId();
  await kernel.transact((tx) => createRun(tx, { id: runId, reason: "test", input: {} }));
  const told = await keep("told");
  const ofRun = await keep("of a run", runId);
  const original = kernel.createId();
  const continues = { forkedFrom: original, forkedSeq: 2 };
  await kernel.transact((tx) => createRun(tx, { reason: "fork", input: {}, continues }));
  const ofFork = await keep("of a fork", original);
  const gone = await keep("of a run that is gone", kernel.createId());
  const unnamed = await keep("unnamed");
  await kernel.transact((tx) => takeParts(memory, tx, { refs: [{ sha256: told.sha256! }], labels }));
  const orphan = await memory.parts.put(Buffer.from("its process died before the row"));
  assert.equal(await dropParts(memory), 0);
  await time.clock.advance(day);
  const again = await keep("unnamed");
  assert.equal(again.sha256, unnamed.sha256);
  assert.equal(await dropParts(memory), 2);
  const left = new Set((await memory.parts.list()).objects.map(({ sha256 }) => sha256));
  assert.deepEqual(left, new Set([told, ofRun, ofFork, unnamed].map(({ sha256 }) => sha256)));
  assert.equal(await readPart(memory, gone.sha256!), undefined);
  assert.ok(!left.has(orphan.sha256));
});

test("dropParts() leaves a part to the message that names it at the same moment, or refuses the message", async () => {
  await using home = await createTestMemory();
  const { memory, kernel, test: time } = home;
  for (let round = 0; round < 10; round += 1) {
    const { sha256 } = await keepPart(memory, { content: Buffer.from(`round ${round}`), labels });
    await time.clock.advance(day);
    const naming = kernel
      .transact((tx) => takeParts(memory, tx, { refs: [{ sha256: sha256! }], labels }))
      .then(
        () => true,
        (error: { code: string }) => (assert.equal(error.code, "not_found"), false),
      );
    const [isNamed] = await Promise.all([naming, dropParts(memory)]);
    assert.equal((await readPart(memory, sha256!)) !== undefined, isNamed);
    assert.equal(await memory.parts.has(sha256!), isNamed);
  }
});

test("findPart() finds what a conversation carried by id and name, and gives a viewer nothing that it may not know", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const secret = await keepPart(memory, { content: png, name: "cat.png", labels });
  const open = await keepPart(memory, {
    content: Buffer.from("%PDF-1.7"),
    labels: untrustedFrom("web", "example.com"),
  });
  const { runId } = await sendMessage(memory, {
    sessionKey: "main",
    text: "look",
    parts: [{ sha256: secret.sha256! }],
  });
  const main = { kind: "main" as const, sessionKey: "main" };
  const cron = { kind: "cron" as const, jobId: "a" };
  const find = (named: string, as: Viewer = main) => findPart(memory, { named, as, runId });
  for (const named of ["cat.png", `#${secret.sha256!.slice(0, 12)}`, secret.sha256!])
    assert.deepEqual((await find(named)).part.sha256, secret.sha256, named);
  assert.deepEqual((await find("cat.png")).labels, labels);
  const narrow = { ...main, clearance: ["job:a"] };
  assert.equal((await find("cat.png", narrow)).part.type, "image", "what was said to an agent it may look at again");
  const found = await find(open.sha256!.slice(0, 10), cron);
  assert.deepEqual([found.part.mediaType, found.labels.sources], ["application/pdf", ["web:example.com"]]);
  for (const [named, as] of [
    [secret.sha256!, cron],
    [secret.sha256!, { ...narrow, sessionKey: "other" }],
    // Other people's conversation: no clearance makes it the person's.
    [secret.sha256!, { ...narrow, kind: "channel" as const }],
    ["cat.png", { kind: "main" as const, sessionKey: "other" }],
    ["0123456789ab", main],
    ["%", main],
  ] as const)
    await assert.rejects(find(named, as), { code: "not_found" }, named);
  await home.test.clock.advance(3 * day);
  await dropParts(memory);
  assert.ok(await readPart(memory, open.sha256!), "a run's steps may name it");
});
