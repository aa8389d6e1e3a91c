import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { someRun, someRunId, someSummary } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

test("roost chat says each line of its input in turn, and knows its commands", async () => {
  const said: string[] = [];
  await using gateway = await serveGateway({
    sendMessage: ({ text }) => {
      said.push(text);
      return { messageId: "m1", runId: someRunId, isRepeated: false };
    },
    watchRun: async function* () {
      const run = someRun({ output: { kind: "reply", text: `reply ${said.length}` } });
      yield { event: "over", data: { kind: "over" as const, run } };
    },
    explainRun: () => ({
      run: someSummary(),
      why: "because you asked",
      causes: [],
      effects: { items: [], next: null },
      isCut: false,
    }),
  });
  const { code, stdout } = await runRoost(["chat"], { ...gateway, input: "one\n\ntwo\n/why\n/quit\nthree\n" });
  assert.deepEqual([code, said], [0, ["one", "two"]]);
  assert.equal(stdout, "reply 1\nreply 2\nbecause you asked\n");

  const json = await runRoost(["chat", "--json"], { ...gateway, input: "/why\nthree\n/why\n/nope\n" });
  const lines = json.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ runId, text, state, why }) => [runId ?? null, text ?? why, state ?? null]),
    [
      [someRunId, "reply 3", "done"],
      [null, "because you asked", null],
    ],
  );
  const refused = json.stderr.trim().split("\n");
  assert.deepEqual(
    refused.map((line) => (JSON.parse(line) as { error: { code: string } }).error.code),
    ["invalid_input", "invalid_input"],
  );
});

test("roost chat hands files over with the next message, and says what is wrong with a path", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roost-chat-"));
  await writeFile(join(directory, "a cat.png"), "meow");
  const said: unknown[] = [];
  await using gateway = await serveGateway({
    uploadPart: ({ name }) => ({
      part: { type: "image", mediaType: "image/png", bytes: 4, sha256: "1".repeat(64), name },
    }),
    sendMessage: ({ text, parts }) => {
      said.push({ text, parts });
      return { messageId: "m1", runId: someRunId, isRepeated: false };
    },
    watchRun: async function* () {
      const run = someRun({ output: { kind: "reply", text: "ok" } });
      yield { event: "over", data: { kind: "over" as const, run } };
    },
  });
  const input = `/file "${directory}/a cat.png"\nwhat is it?\nand now?\n/file ${directory}/none\n/file\n`;
  const { stdout, stderr } = await runRoost(["chat"], { ...gateway, input });
  assert.deepEqual(said, [
    { text: "what is it?", parts: [{ sha256: "1".repeat(64), name: "a cat.png" }] },
    { text: "and now?", parts: undefined },
  ]);
  assert.match(stdout, /^\[image a cat\.png 4 B image\/png\] goes with your next message\nok\nok\nName a file/);
  assert.match(stderr, /none cannot be read: there is no such file/);
  await rm(directory, { recursive: true });
});
