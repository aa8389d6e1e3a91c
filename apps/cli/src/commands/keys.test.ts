import assert from "node:assert/strict";
import { test } from "node:test";
import type { TokenRecord } from "@roost/contract/operations";
import { someRunId, someTime } from "../testing/records.ts";
import { runRoost } from "../testing/run-roost.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

const token: TokenRecord = {
  id: someRunId,
  name: "open-webui",
  kind: "client",
  ending: "x7Qa",
  scopes: ["models:call"],
  models: ["ollama/*"],
  caps: { day: { usdMax: 2 } },
  spent: [{ window: "day", costUsd: 0.25, tokens: 1_000, calls: 3 }],
  createdBy: "person:owner",
  createdAt: someTime,
  lastSeenAt: null,
  revokedAt: null,
};

test("roost keys lists, makes and revokes keys, and prints a key's text alone", async () => {
  const asked: unknown[] = [];
  await using gateway = await serveGateway({
    listTokens: () => ({ items: [token], next: null }),
    createToken: (input) => {
      asked.push(input);
      return { token, text: "sk-roost-secret" };
    },
    revokeToken: () => ({ token: { ...token, revokedAt: someTime } }),
  });
  const list = await runRoost(["keys"], gateway);
  assert.match(list.stdout, /open-webui +x7Qa +models:call +ollama\/\* +\$0\.25 +\$2\.00 per day +never/);
  const made = await runRoost(
    ["keys", "create", "open-webui", "--model", "ollama/*", "--usd-per-day", "2", "--calls-per-hour", "60"],
    gateway,
  );
  assert.equal(made.stdout, "sk-roost-secret\n");
  const [input] = asked as { models: string[]; caps: TokenRecord["caps"] }[];
  assert.deepEqual([input?.models, input?.caps], [["ollama/*"], { day: { usdMax: 2 }, hour: { callsMax: 60 } }]);
  const revoked = await runRoost(["keys", "revoke", "open-webui"], gateway);
  assert.match(revoked.stdout, /Revoked open-webui/);
});
