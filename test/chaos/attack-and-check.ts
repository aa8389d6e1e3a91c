import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { runChaos } from "./run-chaos.ts";

/** So many faults, one after the other, then everything comes to rest and every promise must hold. */
export async function attackAndCheck(
  t: TestContext,
  { seed, cycles }: { seed: number; cycles: number },
): Promise<void> {
  const { faults, violations, ...summary } = await runChaos({
    seed,
    cycles,
    msMax: Infinity,
    cyclesPerCheck: cycles,
    leaseMs: 1_500,
    workerCount: 2,
    schedulerCount: 2,
  });
  t.diagnostic(JSON.stringify(summary));
  assert.deepEqual(
    violations,
    [],
    `seed ${seed}, ${faults.length} cycles: ${faults.join("; ")}; what the processes printed: ${summary.logDirectory}`,
  );
}
