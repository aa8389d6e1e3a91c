/** The simulation is sharp: without a guard that only an unlucky order of things needs, one of a few worlds notices. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../scripts/test/run-simulation.mjs", import.meta.url));
const register = new URL("./register-mutant.ts", import.meta.url).href;
/** Worlds that one guard may take. They begin where one noticed last, which another order of statements may move. */
const seedsMax = 10;
const brokenExitCode = 1;

const guards = [
  { mutant: "tick key", from: 26, notices: /a tick has 2 rows: job-1 2026-/ },
  {
    mutant: "fence: a claim changes the epoch",
    from: 1,
    notices: /was claimed a second time at epoch|late \w+.* was accepted/,
  },
  { mutant: "fence: finishRun() as failed", from: 1, notices: /late finishRun as (failed|done) .*was accepted/ },
];

describe("simulation", { concurrency: availableParallelism() }, () => {
  for (const { mutant, from, notices } of guards) {
    test(`"${mutant}" taken away: one of ${seedsMax} worlds notices`, async () => {
      const { exitCode, printed } = await simulateWithout(mutant, from);
      assert.equal(exitCode, brokenExitCode, printed);
      assert.match(printed, notices);
    });
  }
});

function simulateWithout(mutant: string, from: number): Promise<{ exitCode: number; printed: string }> {
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const args = ["--import", register, script, "--first", "--jobs", "1", "--from", `${from}`, "--seeds", `${seedsMax}`];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { ...env, ROOST_TEST_MUTANT: mutant } }, (error, stdout, stderr) =>
      resolve({ exitCode: Number(error?.code ?? 0), printed: stdout + stderr }),
    );
  });
}
