import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { attackAndCheck } from "./attack-and-check.ts";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));
const seed = Date.now() % 2 ** 31;
const cycles = 80;
const diskCycles = 2;
const diskMinutesMax = 0.25;
/** In a mount namespace of its own, so nothing of it is left. */
const tryMount = ["--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
const canMount = process.platform === "linux" && spawnSync("unshare", tryMount).status === 0;
const onSmallDisk = { skip: !canMount && "a small disk needs Linux, unshare and root" };

test("killed, stopped and cut off processes for longer: every promise holds", (t) =>
  attackAndCheck(t, { seed, cycles }));

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
