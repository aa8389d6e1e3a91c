import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { RoostError } from "@roost/base";
import type { RoostClient } from "../connect.ts";
import { emptyReport } from "./send-records.ts";
import { takeRows } from "./take-rows.ts";

const rowsOf = ["alpha", "beta"] as const;

/** An export with one row of each of two services. */
async function makeExport(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "roost-rows-"));
  t.after(() => rm(root, { recursive: true }));
  const text = '{"table":"thing","row":{"id":1}}\n';
  const sha256 = createHash("sha256").update(text).digest("hex");
  const files = rowsOf.map((name) => ({ path: `services/${name}/rows.jsonl`, sha256, bytes: text.length }));
  for (const { path } of files) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const manifest = { format: "roost-export", version: 1, home: "1", exportedAt: "2026-01-01T00:00:00.000Z", files };
  await writeFile(join(root, "manifest.json"), JSON.stringify(manifest));
  return root;
}

/** Answers as a gateway does for a service that is stopped, as often as is said, then as the service. */
async function startServices(t: TestContext, away: Record<string, number>) {
  const server = createServer((request, response) => {
    request.resume();
    const [, , name = ""] = request.url?.split("/") ?? [];
    away[name] = (away[name] ?? 0) - 1;
    const isAway = away[name] >= 0;
    const problem = {
      type: "about:blank",
      title: "unavailable",
      status: 503,
      code: "unavailable",
      detail: "not running",
    };
    response.writeHead(isAway ? 503 : 200, {
      "content-type": isAway ? "application/problem+json" : "application/json",
    });
    response.end(JSON.stringify(isAway ? problem : { createdCount: 1, sameCount: 0, others: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function take(t: TestContext, away: Record<string, number>, { isGatewayAway = false } = {}) {
  const report = emptyReport();
  let looks = 0;
  const client = {
    async getService() {
      looks += 1;
      if (isGatewayAway && looks > 1) throw new RoostError("unavailable", "the gateway does not answer");
      return { service: { state: "running" } };
    },
    getFile: async () => ({ bytes: new TextEncoder().encode("services: [alpha, beta]\n") }),
  } as unknown as RoostClient;
  // Each look at the clock is forty seconds after the one before: what is waited for is tried once more.
  let nowMs = 0;
  const clock = { nowMs: () => (nowMs += 40_000) };
  const url = await startServices(t, away);
  let runs = 0;
  const options = { report, isDryRun: false, clock, onProgress: () => {}, onRunning: async () => void (runs += 1) };
  await takeRows({ client, url, token: "token" }, await makeExport(t), options);
  return { created: rowsOf.map((name) => report.counts[name]?.created ?? 0), refused: report.refused, runs };
}

test("takeRows() waits for a service that stops midway, and goes on with the next when it stays away", async (t) => {
  assert.deepEqual(await take(t, { alpha: 1 }), { created: [1, 1], refused: [], runs: 2 });
  const { created, refused } = await take(t, { alpha: 1_000 });
  assert.deepEqual(created, [0, 1]);
  assert.deepEqual(
    refused.map(({ name }) => name),
    ["services/alpha/rows.jsonl"],
  );
  assert.match(refused[0]!.reason, /not running.*roost service status alpha, then import again/);
  await assert.rejects(take(t, { alpha: 1_000 }, { isGatewayAway: true }), { code: "unavailable" });
});
