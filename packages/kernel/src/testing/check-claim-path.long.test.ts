import { test } from "node:test";
import { checkClaimPath } from "./check-claim-path.ts";

test("claim, promote, release, overdue and reap touch few blocks beside 100,000 stuck runs and 1,000,000 finished ones", (t) =>
  checkClaimPath(t, { stuckCount: 100_000, finishedCount: 1_000_000, blocksMax: 1_000 }));
