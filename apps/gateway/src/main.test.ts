import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { createTestDatabase } from "@roost/database/testing";
import { testToken } from "./testing/create-test-gateway.ts";
import { createHome, start } from "./testing/start-gateway-process.ts";

test("main starts on a home, serves it, schedules it, and stops at SIGTERM with streams open", async () => {
  await using database = await createTestDatabase();
  await using home = await createHome();
  const environment = { ROOST_HOME: home.homeDir, ROOST_DATABASE_URL: database.url };
  await using gateway = start(environment);
  const { url, notices, model } = await gateway.ready;
  assert.equal(model, "none (ROOST_MODEL_URL)");
  assert.match(notices?.join() ?? "", /^none does not answer: .*127\.0\.0\.1:9/);
  const addressFile = join(home.homeDir, ".roost/gateway.json");
  assert.equal((await stat(addressFile)).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(await readFile(addressFile, "utf8")).url, url);

  const headers = { authorization: `Bearer ${testToken}` };
  const readStatus = async () =>
    (await (await fetch(`${url}/api/v1/status`, { headers })).json()) as { schedulers: unknown[]; due: unknown[] };
  // The scheduler joins while the gateway already serves.
  const status = await until(async () => {
    const found = await readStatus();
    return found.schedulers.length > 0 && found;
  });
  assert.equal(status.schedulers.length, 1);
  assert.ok(status.due.length >= 4);
  const config = await (await fetch(`${url}/api/v1/config`, { headers })).text();
  assert.ok(!config.includes(new URL(database.url).pathname.slice(1)), "the database's address is not shown");

  // Another gateway of the same home and database: both serve, the one that stops leaves the other's address.
  await using other = start(environment);
  const second = await other.ready;
  const streams = await Promise.all([url, url, second.url].map((base) => fetch(`${base}/api/v1/events`, { headers })));
  gateway.child.kill("SIGTERM");
  assert.deepEqual(await gateway.exited, [0, null]);
  assert.equal(JSON.parse(await readFile(addressFile, "utf8")).url, second.url);
  other.child.disconnect();
  assert.deepEqual(await other.exited, [0, null]);
  await assert.rejects(readFile(addressFile), { code: "ENOENT" });
  for (const stream of streams) await stream.text().catch(() => "cut");
});
