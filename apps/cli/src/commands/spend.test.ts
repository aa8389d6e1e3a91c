import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpendRecord } from "@roost/contract/operations";
import { someTime } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const row = (key: string | null, given: Partial<SpendRecord> = {}): SpendRecord => ({
  key,
  callCount: 10,
  costUsd: 0.5,
  inputTokens: 40_000,
  cachedTokens: 30_000,
  outputTokens: 2_000,
  savedUsd: 0.08,
  estimatedCount: 0,
  unknownCount: 0,
  ...given,
});

test("roost spend groups what was spent, and says what the cache saved and what is not known", async () => {
  const asked: string[] = [];
  await using gateway = await serveGateway({
    listSpend: ({ by, days, limit }) => {
      asked.push(`${by} ${days} ${limit}`);
      const items = [row("main"), row(null, { costUsd: 0.25, unknownCount: 4, estimatedCount: 2 })];
      const total = row(null, { callCount: 20, costUsd: 0.75, savedUsd: 0.16, unknownCount: 4, estimatedCount: 2 });
      return { items, next: null, since: someTime, timeZone: "UTC", total };
    },
  });
  for (const by of ["day", "job", "agent", "model", "session", "key"]) {
    const { stdout, code } = await runRoost(["spend", "--by", by, "--days", "7"], gateway);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^${by.toUpperCase()} +COST`));
    assert.match(stdout, /main +\$0\.50 +10 +40\.0k +75 % +2\.0k/);
    assert.match(stdout, new RegExp(`no ${by} +\\$0\\.25 \\+ \\?`));
    assert.match(
      stdout,
      /\$0\.75 \+ \? in all for ~42\.0k tokens, and the provider's cache saved \$0\.16; the cost of 4/,
    );
  }
  assert.deepEqual(asked[4], "session 7 100");
});

test("roost spend --forecast says what each job is likely to cost a day, the dearest first, and all together", async () => {
  const forecast = (jobId: string, usdPerDay: number, isCostKnown = true) => ({
    isCostKnown,
    jobId,
    usdPerDay,
    runsPerDay: 4,
    usdPerRun: usdPerDay / 4,
    tokensPerRun: 1_000,
    tokensPerDay: 4_000,
    runCount: 20,
  });
  await using gateway = await serveGateway({
    listSpendForecasts: ({ after }) =>
      after === undefined
        ? { items: [forecast("mail", 0.04)], next: "mail" }
        : { items: [forecast("post", 1.2), forecast("local", 0, false)], next: null },
  });
  const { stdout } = await runRoost(["spend", "--forecast"], gateway);
  assert.match(stdout, /post +about \$1\.20 +4\.0 +\$0\.30 +4\.0k\nmail +about \$0\.04 +4\.0 +\$0\.01/);
  assert.match(stdout, /local +about \? +4\.0 +\?[^]*About \$1\.24 \+ \? and 12\.0k tokens a day/);
});
