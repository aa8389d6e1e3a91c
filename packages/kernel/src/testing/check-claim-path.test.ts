import { test } from "node:test";
import { checkClaimPath } from "./check-claim-path.ts";

test("claim, promote, release, overdue and reap touch few blocks beside 25,000 stuck runs and 250,000 finished ones", (t) =>
  checkClaimPath(t, { stuckCount: 25_000, finishedCount: 250_000, blocksMax: 700 }));
