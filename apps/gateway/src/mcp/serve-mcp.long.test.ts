/**
 * For both eras of the protocol: the official conformance suite against the endpoint, where scenarios that a revision does not require run
 * unscored, and `roost mcp`.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { createTestGateway, testToken } from "../testing/create-test-gateway.ts";
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

for (const era of ["auto", "legacy"] as const)
  test(`roost mcp carries the protocol over standard streams, and on through a restart of the gateway (${era})`, async () => {
    await using gateway = await createTestGateway({ files: { "AGENTS.md": "Be brief.\n" } });
    const roost = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
    const client = new Client({ name: "test", version: "1" }, { capabilities: {}, versionNegotiation: { mode: era } });
    const env = {
      ROOST_URL: gateway.url,
      ROOST_TOKEN: testToken,
      ROOST_HOME: gateway.homeDir,
      PATH: process.env["PATH"] ?? "",
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
    };
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [roost, "mcp"], env, stderr: "inherit" }),
    );
    const call = async () =>
      JSON.stringify(
        await client.callTool({ name: "call_tool", arguments: { name: "roost_listLocks", arguments: {} } }),
      );
    assert.match(await call(), /\bitems\b/);
    await gateway.restart();
    assert.match(await call(), /\bitems\b/);
    const read = await client.readResource({ uri: "roost://files/AGENTS.md" });
    assert.equal((read.contents[0] as { text: string }).text, "Be brief.\n");
    await assert.rejects(client.readResource({ uri: "roost://files/nö.md" }), /not found/i);
    await client.close();
  });
