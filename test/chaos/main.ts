/**
 * `npm run chaos -- [--cycles 1000] [--seed S] [--minutes M] [--disk-full]`: attacks real processes, says how it goes, and ends with 1
 * when a promise broke. With --disk-full PostgreSQL lies on a small disk in memory that is filled again and again (Linux, as root).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runChaos, type ChaosReport } from "./run-chaos.ts";

/** Exit code when this machine cannot give a small disk. */
const noSmallDiskCode = 69;
const smallDiskMegabytes = 400;

const say = (line: string) => void process.stdout.write(`${line}\n`);
const { values } = parseArgs({
  options: {
    cycles: { type: "string", default: "1000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    minutes: { type: "string", default: "240" },
    "check-every": { type: "string", default: "200" },
    "lease-ms": { type: "string", default: "1500" },
    workers: { type: "string", default: "3" },
    schedulers: { type: "string", default: "2" },
    "disk-full": { type: "boolean", default: false },
    /** Said by this program to itself, once the small disk is there. */
    "small-disk": { type: "string" },
  },
});
process.exit(values["disk-full"] && values["small-disk"] === undefined ? onSmallDisk() : await attack());

/** In a mount namespace of its own, so that nothing of the disk is left, however this ends. */
function onSmallDisk(): number {
  const disk = mkdtempSync(join(tmpdir(), "roost-chaos-disk-"));
  const script = `mount -t tmpfs -o size=${smallDiskMegabytes}m tmpfs "$1" || exit ${noSmallDiskCode}; shift; exec "$@"`;
  const self = [process.execPath, ...process.argv.slice(1), "--small-disk", disk];
  const unshare = ["--mount", "--propagation", "private", "/bin/sh", "-c", script, "roost-chaos", disk, ...self];
  const { status, error } = spawnSync("unshare", unshare, { stdio: "inherit" });
  rmdirSync(disk);
  if (error === undefined && status !== null && status < 2) return status;
  say("chaos: no small disk can be mounted here: --disk-full needs Linux, unshare and root");
  return noSmallDiskCode;
}

async function attack(): Promise<number> {
  const [seed, cycles] = [Number(values.seed), Number(values.cycles)];
  const beganAt = performance.now();
  const elapsed = () => `${Math.round((performance.now() - beganAt) / 1000)} s`;
  say(`chaos: seed ${seed}, up to ${cycles} cycles`);
  const report = await runChaos({
    seed,
    cycles,
    msMax: Number(values.minutes) * 60_000,
    cyclesPerCheck: Number(values["check-every"]),
    leaseMs: Number(values["lease-ms"]),
    workerCount: Number(values.workers),
    schedulerCount: Number(values.schedulers),
    smallDisk: values["small-disk"],
    onCycle: (line) => say(`${elapsed()} ${line}`),
  });
  print(report, elapsed());
  return report.violations.length === 0 ? 0 : 1;
}

function print({ faults, violations, logDirectory, ...summary }: ChaosReport, elapsed: string): void {
  say(JSON.stringify(summary, undefined, 2));
  if (violations.length === 0) {
    say(`chaos: every promise held over ${faults.length} cycles in ${elapsed}`);
    return;
  }
  say(
    `chaos: ${violations.length} violations, seed ${summary.seed}, after ${faults.length} cycles; the last: ${faults.slice(-10).join("; ")}`,
  );
  for (const violation of violations.slice(0, 50)) say(`- ${violation}`);
  say(`what the processes printed: ${logDirectory}`);
}
