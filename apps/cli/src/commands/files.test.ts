import assert from "node:assert/strict";
import { test } from "node:test";
import type { HomeFileRecord } from "@roost/contract/operations";
import { someTime } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const marked: HomeFileRecord = {
  path: "memory/2026-01-31.md",
  bytes: 120,
  modifiedAt: someTime,
  mark: {
    sources: ["web:page.example"],
    lines: [
      { from: 3, to: 3 },
      { from: 7, to: 9 },
    ],
  },
};

test("roost files lists what is marked, and trust vouches for the lines that are named", async () => {
  const asked: object[] = [];
  await using gateway = await serveGateway({
    listFiles: ({ isMarked }) => ({
      items: [marked, ...(isMarked === true ? [] : [{ ...marked, path: "SOUL.md", mark: null }])],
      next: null,
    }),
    trustFile: (file) => {
      asked.push(file);
      const { path } = file;
      return { file: { path, sha256: "0".repeat(64), lineCount: 3, leftCount: 1, sources: ["web:page.example"] } };
    },
  });
  const all = await runRoost(["files"], gateway);
  assert.match(all.stdout, /2026-01-31\.md\s+lines 3, 7-9\s+web:page\.example[^]*SOUL\.md/);
  assert.ok(!(await runRoost(["files", "list", "--marked"], gateway)).stdout.includes("SOUL.md"));
  const { stdout } = await runRoost(["files", "trust", marked.path, "--lines", "7-9"], gateway);
  assert.match(
    stdout,
    /you vouch for 3 lines of memory\/2026-01-31\.md from web:page\.example; 1 line of it still marked/,
  );
  assert.deepEqual(asked, [{ path: marked.path, fromLine: 7, toLine: 9 }]);
  const wrong = await runRoost(["files", "trust", marked.path, "--lines", "9-7"], gateway);
  assert.match(wrong.stderr, /--lines 9-7 is not valid/);
});
