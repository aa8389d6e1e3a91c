/**
 * Real processes on a real, durable PostgreSQL are killed, stopped past their lease, cut off in the middle of statements and left
 * without database and disk space, while the world outside counts. The long version is `npm run chaos`.
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runChaos } from "./run-chaos.ts";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));
const seed = Date.now() % 2 ** 31;
/** Whichever comes first: this test takes its time from all others. */
const cycles = 30;
const attackMsMax = 20_000;
const diskCycles = 2;
const diskMinutesMax = 0.25;
/** In a mount namespace of its own, so nothing of it is left. */
const tryMount = ["--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
const canMount = process.platform === "linux" && spawnSync("unshare", tryMount).status === 0;
const onSmallDisk = { skip: !canMount && "a small disk needs Linux, unshare and root" };

test("killed, stopped and cut off processes, PostgreSQL shut down at once: every promise holds", async (t) => {
  const options = {
    seed,
    cycles,
    msMax: attackMsMax,
    cyclesPerCheck: cycles,
    leaseMs: 1_500,
    workerCount: 2,
    schedulerCount: 2,
  };
  const { faults, violations, ...summary } = await runChaos(options);
  t.diagnostic(JSON.stringify(summary));
  assert.deepEqual(
    violations,
    [],
    `seed ${seed}, ${faults.length} cycles: ${faults.join("; ")}; what the processes printed: ${summary.logDirectory}`,
  );
});

test("disk full: nothing acknowledged is lost, and work goes on once there is space", onSmallDisk, async (t) => {
  const args = [
    program,
    "--disk-full",
    "--cycles",
    `${diskCycles}`,
    "--minutes",
    `${diskMinutesMax}`,
    "--workers",
    "2",
    "--seed",
    `${seed}`,
  ];
  const { code, printed } = await new Promise<{ code: number | null; printed: string }>((resolve) => {
    const child = execFile(process.execPath, args, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, printed: stdout + stderr }),
    );
  });
  assert.equal(code, 0, printed);
  t.diagnostic(printed);
});
