/**
 * `npm run bench -- peers`: Roost beside what people would take instead, in one run, on one PostgreSQL with fsync on. Prints the
 * finished Markdown; what goes on is told on stderr. It owns the order of things; each comparison is a file of its own.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { machineFacts } from "../machine-facts.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { readCompareOptions, type Comparison } from "./compare-options.ts";
import { compareCron } from "./compare-cron.ts";
import { compareRecovery } from "./compare-recovery.ts";
import { compareClaims, compareStuck } from "./compare-claims.ts";
import { compareLog } from "./compare-log.ts";
import { compareSteps } from "./compare-steps.ts";
import type { Compare } from "./measure-series.ts";
import { formatGuarantees, formatTable } from "./format-tables.ts";
import { installPeers } from "./install-peers.ts";
import { needsInstallation, peerVariants } from "./peer-variants.ts";
import { poolMax, type Bench } from "./start-peers.ts";

const compare: Record<Comparison, Compare> = {
  claim: compareClaims,
  stuck: compareStuck,
  steps: compareSteps,
  log: compareLog,
  cron: compareCron,
  recovery: compareRecovery,
};

export async function comparePeers(args: string[]): Promise<void> {
  const options = readCompareOptions(args);
  const startMs = Date.now();
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const onProgress = (text: string) =>
    void process.stderr.write(`${String(Math.round((Date.now() - startMs) / 1000)).padStart(4)} s  ${text}\n`);
  const chosen = peerVariants.filter(({ peer, key }) => [peer, key].some((name) => options.only.includes(name)));
  if (chosen.some(needsInstallation)) await installPeers(onProgress);

  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "roost-bench-peers-"));
  opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const server = opened.use(await openDurableDatabase());
  const bench: Bench = { server, directory, facts: new Map(), claims: new Map() };
  const [row] = await server.database.query<{ version: string; commit: string }>(
    `select current_setting('server_version') as version, current_setting('synchronous_commit') as commit`,
  );
  for (const fact of machineFacts()) print(`- ${fact}`);
  print(
    `- PostgreSQL ${row!.version}, fsync on, synchronous_commit ${row!.commit}, ${poolMax} connections for each program`,
  );
  if (options.isQuick) print("- a quick look: it shows that everything runs, the figures mean nothing");
  print("");
  for (const name of options.comparisons) {
    const tables = await compare[name]({ bench, variants: chosen, isQuick: options.isQuick, onProgress });
    for (const table of tables) print(formatTable(table));
  }
  print(formatGuarantees(chosen, bench.facts));
  onProgress("done");
}
