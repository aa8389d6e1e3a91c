/** That the comparison still runs with what is here without an installation. Figures are for people to read, never for a test to judge. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startBench } from "./start-bench.fixture.ts";

test("comparePeers() prints a table of what Roost does beside plain PostgreSQL", async () => {
  const { code, output, complaint } = await startBench(
    "--quick",
    "--only",
    "roost-worker,raw",
    "--workload",
    "claim,log",
  );
  assert.equal(code, 0, complaint);
  assert.match(output, /\| Roost, its worker \| \*\*[\d,]+\*\* \| \*\*[\d,]+\*\* \| \*\*[\d,]+\*\* \|/);
  assert.match(output, /\| PostgreSQL, plain INSERT \| \*\*/);
  assert.doesNotMatch(output, /not measured/);
});
