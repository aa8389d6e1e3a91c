/** deploy/compose.yaml against the schema of the compose specification, which is not part of the project. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { requirePart } from "./infra/parts.ts";

const part = await requirePart("compose");

test("deploy/compose.yaml is valid against the compose specification", { skip: part.skip }, async () => {
  assert.ok(part.skip === false);
  const schema = JSON.parse(await readFile(join(part.directory, "compose-spec.json"), "utf8")) as object;
  // Its own schema's name is written in a way that Ajv does not know.
  const isCompose = new Ajv({ strict: false, validateFormats: false, validateSchema: false }).compile(schema);
  const compose = parse(await readFile(new URL("../deploy/compose.yaml", import.meta.url), "utf8")) as object;
  assert.ok(isCompose(compose), JSON.stringify(isCompose.errors));
  assert.equal(isCompose({ ...compose, services: { roost: { imag: "roost" } } }), false);
});
