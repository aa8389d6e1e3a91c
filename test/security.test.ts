/** docs/security.md names tests that there are. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const page = new URL("../docs/security.md", import.meta.url);
const text = readFileSync(page, "utf8");

test("docs/security.md names for each risk a test that there is", () => {
  const rows = [...text.matchAll(/^\| ((?:ASI|LLM)\d\d) .*\|(.*)\|$/gm)];
  const risks = Array.from({ length: 10 }, (_, index) => String(index + 1).padStart(2, "0"));
  assert.deepEqual(
    rows.map(([, risk]) => risk),
    [...risks.map((number) => `ASI${number}`), ...risks.map((number) => `LLM${number}`)],
  );
  for (const [, risk, tests = ""] of rows) {
    const named = [...tests.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)];
    assert.ok(named.length > 0, `${risk} names no test`);
    for (const [, title = "", path = ""] of named)
      assert.ok(
        readFileSync(new URL(path, page), "utf8").includes(title),
        `${risk}: no test of ${path} says "${title}"`,
      );
  }
});
