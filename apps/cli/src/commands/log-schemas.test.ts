import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { EventSchemaRecord } from "@roost/contract/operations";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const version = (number: number, more: Partial<EventSchemaRecord> = {}): EventSchemaRecord => ({
  type: "mail.received",
  version: number,
  topic: "mails",
  compatibility: "backward_transitive",
  schema: { type: "object" },
  isUpcast: false,
  registeredAt: "2025-06-01T06:00:00.000Z",
  ...more,
});

test("roost log schemas lists the newest versions, or all of one type", async () => {
  await using gateway = await serveGateway({
    listSchemas: ({ type }) => ({
      items: type === "nobody.knows" ? [] : [version(1), version(2, { isUpcast: true })],
      next: null,
    }),
  });
  const newest = await runRoost(["log", "schemas"], gateway);
  assert.match(newest.stdout, /mail\.received +2 +mails +backward_transitive +yes/);
  assert.doesNotMatch(newest.stdout, /mail\.received +1 /);
  assert.match((await runRoost(["log", "schemas", "mail.received"], gateway)).stdout, /mail\.received +1 /);
  assert.equal((await runRoost(["log", "schemas", "nobody.knows"], gateway)).code, 66);
});

test("roost log schemas check exits with 1 when the schema would be refused, and says where it does not fit", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roost-schemas-"));
  await using _directory = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
  const path = join(directory, "mail.yaml");
  await writeFile(path, "type: mail.received\nschema:\n  type: object\n");
  await using gateway = await serveGateway({
    checkSchema: ({ type, schema }) => {
      assert.deepEqual([type, schema], ["mail.received", { type: "object" }]);
      return { verdict: "refused", version: 3, compatibility: "full", reason: "it does not fit at from", path: "from" };
    },
  });
  const refused = await runRoost(["log", "schemas", "check", path], gateway);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /mail\.received version 3 \(full\): refused: it does not fit at from/);
  const json = await runRoost(["log", "schemas", "check", path, "--json"], gateway);
  assert.deepEqual([json.code, (JSON.parse(json.stdout) as { path: string }).path], [1, "from"]);
  await writeFile(path, "schema: 3\n");
  const wrong = await runRoost(["log", "schemas", "check", path], gateway);
  assert.equal(wrong.code, 64);
  assert.match(wrong.stderr, /mail\.yaml: type /);
});
