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

test("roost files versions lists what a file was, and restore brings back the one whose name begins so", async () => {
  const asked: object[] = [];
  const version = { bytes: 2_000_000, at: someTime, by: null, isPresent: false, dropped: null };
  const names = ["ab".repeat(32), `ac${"0".repeat(62)}`, "cd".repeat(32)] as const;
  await using gateway = await serveGateway({
    listFileVersions: () => ({
      items: [
        { ...version, sha256: names[0], isPresent: true },
        { ...version, sha256: names[1], by: "owner" },
        { ...version, sha256: names[2], dropped: { at: someTime, limit: "count" } },
      ],
      next: null,
    }),
    restoreFile: (restored) => {
      asked.push(restored);
      return { path: "films/old.bin", sha256: names[1], bytes: 2_000_000 };
    },
  });
  const { stdout } = await runRoost(["files", "versions", "films/long.bin"], gateway);
  assert.match(
    stdout,
    /abababababab[^]*present[^]*ac0000000000[^]*cdcdcdcdcdcd[^]*removed [^]*over the count that is kept/,
  );
  const restored = await runRoost(["files", "restore", "films/long.bin", "AC", "--to", "films/old.bin"], gateway);
  assert.match(restored.stdout, /films\/old\.bin is version ac0000000000 \(2000000 bytes\)/);
  assert.deepEqual(asked, [{ path: "films/long.bin", sha256: names[1], to: "films/old.bin" }]);
  assert.match((await runRoost(["files", "restore", "a.bin", "a"], gateway)).stderr, /begins 2 versions/);
  assert.match((await runRoost(["files", "restore", "a.bin", "ff"], gateway)).stderr, /has no version "ff"/);
});
