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
      if (request.query === "nothing") return { lines: [], markedCount: 0, services: [], unanswered: [] };
      const person = { id: someRunId, name: "Anna Berg", nickname: null, isListed: true };
      const answer = {
        people: [{ person, relations: [{ type: "sister", personId: someRunId, name: "Ida" }] }],
        items: [],
      };
      const peeps = { service: "peeps", answer, labels: ["aud:domain:peeps", "trust:untrusted"] };
      const unanswered = [{ service: "garden", reason: "Garden is not running" }];
      return { lines, markedCount: 1, services: [peeps], unanswered };
    },
  });
  const { stdout, stderr } = await runRoost(
    ["recall", "when", "does", "Anna", "arrive", "--kind", "file", "-n", "3"],
    gateway,
  );
  assert.match(stdout, /MEMORY\.md:12 · [^\n]+\n {2}Anna's train arrives at 14:05/);
  assert.match(stdout, /main a1b2c3d4 · agent · [^\n]+ from web:rail\.example\n {2}It is late/);
  assert.match(stdout, /\npeeps from outside\n {2}Anna Berg · sister · Ida\n/);
  assert.match(stderr, /garden did not answer: Garden is not running/);
  assert.deepEqual(asked, [{ query: "when does Anna arrive", kinds: ["file"], limit: 3, tokensMax: 2_000 }]);
  assert.match((await runRoost(["recall", "nothing"], gateway)).stdout, /Nothing tells of it/);
});
