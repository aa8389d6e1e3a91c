import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReplayStepRecord } from "@roost/contract/operations";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const building: ReplayStepRecord = {
  state: "building",
  appliedCount: 500,
  remainingCount: 900,
  isEqual: null,
  difference: null,
  sha256: null,
};
const equal: ReplayStepRecord = {
  ...building,
  state: "switched",
  appliedCount: 1400,
  remainingCount: 0,
  isEqual: true,
  sha256: "ab",
};

test("roost log replay goes on until it is done", async () => {
  const steps = [building, building, equal];
  await using gateway = await serveGateway({ replayProjection: () => steps.shift() ?? equal });
  const { code, stdout } = await runRoost(["log", "replay", "ticks"], gateway);
  assert.equal(code, 0);
  assert.match(stdout, /ticks, from 1400 events: equal, byte for byte \(sha256 ab\)/);
  assert.deepEqual(gateway.calls, ["replayProjection", "replayProjection", "replayProjection"]);
});

test("roost log replay --check shows the first difference and exits with 1", async () => {
  const difference = { where: "roost.tick (mail, k)", live: { n: 1 }, log: null };
  await using gateway = await serveGateway({
    replayProjection: ({ check }) => ({ ...equal, state: check ? "checked" : "switched", isEqual: false, difference }),
  });
  const checked = await runRoost(["log", "replay", "ticks", "--check"], gateway);
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /different at roost\.tick \(mail, k\)\n {2}live {2}\{"n":1\}\n {2}log {3}null/);
  const json = await runRoost(["log", "replay", "ticks", "--check", "--json"], gateway);
  assert.deepEqual((JSON.parse(json.stdout) as ReplayStepRecord).difference, difference);
  assert.equal((await runRoost(["log", "replay", "ticks"], gateway)).code, 0, "it was put right");
});
