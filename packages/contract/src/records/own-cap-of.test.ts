import assert from "node:assert/strict";
import { test } from "node:test";
import { ownCapOf } from "./own-cap-of.ts";

test("ownCapOf() is the cap of the run's own budget that stopped it, not that of a run above it or of all", () => {
  const of = (message: string, code = "limit_exceeded") => ownCapOf({ id: "r1", error: { code, message } });
  assert.equal(of("the cap of $0.5000 for run:r1 refuses $0.1000: $0.4500 are spent"), "usdMax");
  assert.equal(of("the cap of 30000 tokens for run:r1 refuses 10 tokens"), "tokensMax");
  assert.equal(of("the cap of 10 calls for run:r1 refuses 1 calls"), "callsMax");
  assert.equal(of("the cap of 10 calls for run:r12 refuses 1 calls"), undefined);
  assert.equal(of("the cap of $2.0000 per day for everything refuses $0.1000"), undefined);
  assert.equal(of("the cap of 10 calls for run:r1 refuses 1 calls", "internal"), undefined);
  assert.equal(ownCapOf({ id: "r1", error: null }), undefined);
});
