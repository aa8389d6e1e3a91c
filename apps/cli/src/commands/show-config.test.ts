import assert from "node:assert/strict";
import { test } from "node:test";
import { runRoost } from "../testing/run-roost.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

test("roost openapi and roost graphql schema print the documents of the gateway as they are", async () => {
  await using gateway = await serveGateway({});
  const openapi = await runRoost(["openapi"], gateway);
  assert.deepEqual(JSON.parse(openapi.stdout), { openapi: "3.1.0" });
  const schema = await runRoost(["graphql", "schema"], gateway);
  assert.equal(schema.stdout, "type Query {\n  getStatus: Status\n}");
});
