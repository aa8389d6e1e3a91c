import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecalledLine } from "@roost/contract/operations";
import { someRunId, someTime } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const line: RecalledLine = {
  kind: "file",
  document: "MEMORY.md",
  ref: "12",
  saidBy: null,
  at: someTime,
  text: "Anna's train arrives at 14:05",
  labels: ["aud:main", "trust:owner"],
};

test("roost recall shows lines with their sources, and which rest on content from outside", async () => {
  const asked: object[] = [];
  await using gateway = await serveGateway({
    recall: (request) => {
      asked.push(request);
      const page = { ...line, kind: "conversation" as const, document: "main", ref: someRunId, saidBy: "agent" };
      const lines = [line, { ...page, text: "It is late", labels: ["src:web:rail.example", "trust:untrusted"] }];
      return { lines: request.query === "nothing" ? [] : lines, markedCount: 1 };
    },
  });
  const { stdout } = await runRoost(["recall", "when", "does", "Anna", "arrive", "--kind", "file", "-n", "3"], gateway);
  assert.match(stdout, /MEMORY\.md:12 · [^\n]+\n {2}Anna's train arrives at 14:05/);
  assert.match(stdout, /main a1b2c3d4 · agent · [^\n]+ from web:rail\.example\n {2}It is late/);
  assert.deepEqual(asked, [{ query: "when does Anna arrive", kinds: ["file"], limit: 3, tokensMax: 2_000 }]);
  assert.match((await runRoost(["recall", "nothing"], gateway)).stdout, /Nothing tells of it/);
});
