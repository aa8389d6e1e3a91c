import assert from "node:assert/strict";
import { test } from "node:test";
import type { TokenRecord } from "@roost/contract/operations";
import { someRunId, someTime } from "../testing/records.ts";
import { runRoost } from "../testing/run-roost.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

test("roost devices pairs with a code and a link, lists devices alone, and revokes", async () => {
  const asked: unknown[] = [];
  const device: TokenRecord = {
    id: someRunId,
    name: "phone",
    kind: "device",
    ending: "x7Qa",
    scopes: ["*"],
    models: null,
    caps: {},
    spent: [],
    createdBy: "person:owner",
    createdAt: someTime,
    lastSeenAt: null,
    revokedAt: null,
  };
  await using gateway = await serveGateway({
    listTokens: (input) => {
      asked.push(input.kind);
      return { items: [device], next: null };
    },
    createPairing: (input) => {
      asked.push(input);
      return { code: "ABCD-EFGH", expiresAt: someTime, links: ["https://roost.example/pair#ABCD-EFGH"] };
    },
    revokeToken: () => ({ token: { ...device, revokedAt: someTime } }),
  });
  const paired = await runRoost(["devices", "pair", "tablet", "--scope", "runs:read"], gateway);
  assert.equal(paired.stdout, "ABCD-EFGH\nhttps://roost.example/pair#ABCD-EFGH\n");
  assert.match(paired.stderr, /or type the code at https:\/\/roost\.example\/pair:/);
  const list = await runRoost(["devices"], gateway);
  assert.match(list.stdout, /phone +\* +person:owner +never/);
  const revoked = await runRoost(["devices", "revoke", "phone"], gateway);
  assert.match(revoked.stdout, /Revoked phone/);
  assert.deepEqual(asked, [{ name: "tablet", kind: "device", scopes: ["runs:read"] }, "device"]);
});
