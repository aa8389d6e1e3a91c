/** Each change of the tables is a migration that was tried on rows of the one before: packages/ROOM/src/migrations/before/NNN.sql. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { applyMigrations, readMigrations } from "@roost/database";
import { createTestDatabase } from "@roost/database/testing";
import { tryMigrations } from "@roost/database/testing/try-migrations";
import { readKernelSchema } from "@roost/kernel";

const packages = new URL("../packages/", import.meta.url);
/** The schema of each room with tables of its own. */
const schemas: Record<string, string> = {
  access: "access",
  approvals: "roost",
  channels: "channels",
  jobs: "roost",
  kafka: "kafka",
  kernel: "roost",
  memory: "memory",
  models: "models",
  service: "service",
  subjects: "roost",
};

for (const [room, schema] of Object.entries(schemas))
  test(`the migrations of ${room} work on what the ones before left`, async () => {
    const directory = new URL(`${room}/src/migrations/`, packages);
    const on = room === "kernel" ? [] : [await readKernelSchema()];
    const tried = await tryMigrations({
      schema,
      room: room === "kernel" || schema !== "roost" ? undefined : room,
      directory,
      on,
    });
    assert.equal(tried.length, (await readMigrations(directory)).length - 1);
  });

const services = new URL("../services/", import.meta.url);
for (const name of await readdir(services).catch(() => [])) {
  const directory = new URL(`${name}/migrations/`, services);
  if (existsSync(directory))
    test(`the migrations of service ${name} work on what the ones before left`, async () => {
      const tried = await tryMigrations({ schema: `svc_${name.replaceAll("-", "_")}`, directory });
      assert.equal(tried.length, (await readMigrations(directory)).length - 1);
    });
}

test("no other room has migrations", async () => {
  const rooms = await readdir(packages);
  const found = await Promise.all(
    rooms.map(async (room) =>
      (await readdir(new URL(`${room}/src/`, packages))).includes("migrations") ? [room] : [],
    ),
  );
  assert.deepEqual(found.flat().toSorted(), Object.keys(schemas));
});

test("a home of an earlier schema is refused by name, with what to do", async () => {
  await using place = await createTestDatabase();
  const earlier = [{ name: "001-log", sql: "create table roost.topic (name text);" }];
  await applyMigrations(place.database, { schema: "roost", migrations: earlier });
  await assert.rejects(applyMigrations(place.database, await readKernelSchema()), {
    code: "conflict",
    message: /begins with migration "001-log" where this program has "001-schema".*begin with a new database/,
  });
});
