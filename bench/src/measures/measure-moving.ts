/**
 * What moving a large home takes: an import of another program's home, the same again, an export, and the import of that export into a new home. Times, and the
 * most that the command and the gateway had in memory.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { readInheritedEnvironment } from "../config.ts";
import { readProcessorMs, readResidentMib } from "../living-home/home-processes.ts";
import { startQuietHome, type LivingHome } from "../living-home/start-home.ts";
import type { Figure, Measure } from "../measure.ts";
import { writeLargeHome } from "../moving/write-large-home.ts";
import { openDurableDatabase } from "../open-durable-database.ts";

const full = { fileCount: 20_000, messageCount: 100_000 };
const quick = { fileCount: 60, messageCount: 300 };
const aimMinutesMax = 10;
const aimMibMax = 512;
const lookMs = 200;
const program = fileURLToPath(new URL("../../../apps/cli/src/main.ts", import.meta.url));

export const measureMoving: Measure = async ({ isQuick, share, onProgress }) => {
  const size = isQuick
    ? quick
    : { fileCount: Math.ceil(full.fileCount * share), messageCount: Math.ceil(full.messageCount * share) };
  const directory = await mkdtemp(join(tmpdir(), "roost-bench-moving-"));
  try {
    const [there, exported] = [join(directory, "there"), join(directory, "exported")];
    onProgress(`a home of ${size.fileCount} files and ${size.messageCount} messages`);
    await writeLargeHome(there, size);
    const figures: Figure[] = [];
    {
      await using opened = await openDurableDatabase();
      await using home = await startQuietHome(opened.url);
      for (const [name, args] of [
        ["import of an OpenClaw home", ["import", there]],
        ["the same import again", ["import", there]],
        ["export", ["export", exported]],
      ] satisfies [string, string[]][]) {
        onProgress(name);
        figures.push(figureOf(name, size, await runOnce(home, args)));
      }
    }
    await using opened = await openDurableDatabase();
    await using home = await startQuietHome(opened.url);
    onProgress("import of that export into a new home");
    figures.push(figureOf("import of that export into a new home", size, await runOnce(home, ["import", exported])));
    return figures;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

interface Taken {
  seconds: number;
  commandMib: number;
  gatewayMib: number;
  /** Of the processor, the gateway's alone. */
  gatewaySeconds: number;
  told: Record<string, unknown>;
}

/** @throws Error with what the command said when it fails */
async function runOnce({ gateway, token }: LivingHome, args: readonly string[]): Promise<Taken> {
  const begunMs = performance.now();
  const worked = await readProcessorMs(gateway.pid);
  const child = spawn(process.execPath, [program, ...args, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...readInheritedEnvironment(), ROOST_URL: gateway.ready.url!, ROOST_TOKEN: token },
  });
  let [commandMib, gatewayMib] = [0, 0];
  const looking = setInterval(() => {
    void readResidentMib(child.pid!).then((mib = 0) => (commandMib = Math.max(commandMib, mib)));
    void readResidentMib(gateway.pid).then((mib = 0) => (gatewayMib = Math.max(gatewayMib, mib)));
  }, lookMs);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [said, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  clearInterval(looking);
  if (code !== 0) throw new Error(`roost ${args.join(" ")} failed (${code}): ${complaint}`);
  const gatewaySeconds = ((await readProcessorMs(gateway.pid)) - worked) / 1_000;
  const told = JSON.parse(said) as Record<string, unknown>;
  return { seconds: (performance.now() - begunMs) / 1_000, commandMib, gatewayMib, gatewaySeconds, told };
}

function figureOf(name: string, { fileCount, messageCount }: typeof full, taken: Taken): Figure {
  const { seconds, commandMib, gatewayMib, gatewaySeconds, told } = taken;
  const mib = Math.max(commandMib, gatewayMib);
  return {
    name: `${name}: ${fileCount} files, ${messageCount} messages`,
    value: `${seconds.toFixed(1)} s`,
    details: `at most ${commandMib.toFixed(0)} MiB of the command and ${gatewayMib.toFixed(0)} of the gateway, which worked ${gatewaySeconds.toFixed(1)} s; ${JSON.stringify(told["counts"])}`,
    aim: `≤ ${aimMinutesMax} minutes, ≤ ${aimMibMax} MiB each`,
    isMet: seconds <= aimMinutesMax * 60 && mib <= aimMibMax,
  };
}
