/** What a gateway does not start on. */
import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { test } from "node:test";
import { createTestDatabase } from "@roost/database/testing";
import { createHome, main, start } from "./testing/start-gateway-process.ts";

test("main ends with a code and a sentence when it cannot begin", async () => {
  await using database = await createTestDatabase();
  await using home = await createHome();
  await using closed = await createHome("");
  const good = { ROOST_HOME: home.homeDir, ROOST_DATABASE_URL: database.url };
  const cases: [Record<string, string>, number, RegExp][] = [
    [{ ROOST_HOME: home.homeDir }, 64, /No database is given/],
    [{ ...good, ROOST_PORT: "many" }, 64, /ROOST_PORT/],
    [{ ...good, ROOST_HOST: "0.0.0.0" }, 79, /beyond loopback.*docs\/phone\.md/],
    [{ ...good, ROOST_HOME: closed.homeDir }, 77, /token/],
    [{ ...good, ROOST_DATABASE_URL: "postgresql://127.0.0.1:1/nowhere" }, 69, /PostgreSQL/],
  ];
  for (const [environment, code, sentence] of cases) {
    await using gateway = start(environment);
    gateway.ready.catch(() => undefined);
    assert.deepEqual(await gateway.exited, [code, null]);
    assert.match(gateway.told(), sentence);
  }
});

test("main refuses a second home on its database, and a copy of the home beside it; a moved home goes on", async () => {
  await using database = await createTestDatabase();
  await using first = await createHome();
  await using second = await createHome();
  const at = (homeDir: string) => ({ ROOST_HOME: homeDir, ROOST_DATABASE_URL: database.url });
  await using running = start(at(first.homeDir));
  await running.ready;
  const copy = `${first.homeDir}-copy`;
  await cp(first.homeDir, copy, { recursive: true });
  await using _copied = { [Symbol.asyncDispose]: () => rm(copy, { recursive: true, force: true }) };

  const workerMain = new URL("../../../packages/worker/src/main.ts", import.meta.url).pathname;
  const other = new RegExp(`belongs to another home, ${first.homeDir} on .*DATABASE_URL`);
  const copied = new RegExp(`${copy} is a copy of the home ${first.homeDir} on .*, which is running`);
  for (const program of [main, workerMain]) {
    for (const [homeDir, sentence] of [
      [second.homeDir, other],
      [copy, copied],
    ] as const) {
      await using refused = start(at(homeDir), program);
      refused.ready.catch(() => undefined);
      assert.deepEqual(await refused.exited, [64, null]);
      assert.match(refused.told(), sentence);
    }
  }

  running.child.kill("SIGTERM");
  await running.exited;
  await using moved = start(at(copy));
  await moved.ready;
  await using back = start(at(first.homeDir));
  back.ready.catch(() => undefined);
  assert.deepEqual(await back.exited, [64, null]);
});
