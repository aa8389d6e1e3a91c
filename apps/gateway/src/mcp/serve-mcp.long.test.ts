/** The official conformance suite against the endpoint, for both eras of the protocol. Scenarios that a revision does not require run unscored. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startConformanceServer } from "./start-conformance-server.fixture.ts";

const run = promisify(execFile);
const suite = fileURLToPath(import.meta.resolve("@modelcontextprotocol/conformance/package.json")).replace(
  /package\.json$/,
  "dist/index.js",
);
const expectedFailures = fileURLToPath(new URL("conformance-expected-failures.yaml", import.meta.url));

for (const [revision, scenarioCount] of [
  ["2026-07-28", 37],
  ["2025-11-25", 30],
] as const) {
  test(`the endpoint passes what ${revision} requires`, { timeout: 180_000 }, async () => {
    await using server = await startConformanceServer();
    const asked = ["server", "--url", server.url, "--requirements", revision, "--expected-failures", expectedFailures];
    const { stdout } = await run(process.execPath, [suite, ...asked], { maxBuffer: 64 * 1024 * 1024 }).catch(
      (error: Error & { stdout?: string }) => assert.fail(`${error.message}\n${summaryOf(error.stdout ?? "")}`),
    );
    const passed = [...summaryOf(stdout).matchAll(/^✓ .*, 0 failed/gm)];
    assert.ok(passed.length >= scenarioCount, `${passed.length} scenarios passed of ${scenarioCount}`);
  });
}

function summaryOf(stdout: string): string {
  return stdout.slice(stdout.indexOf("=== SUMMARY ==="));
}
