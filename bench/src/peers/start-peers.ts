/** Starts the programs of one workload, each with a database of its own, and tells of those that do not start. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "@roost/database";
import { createPeerDatabase } from "./peer-database.ts";
import { PeerProcess } from "./peer-process.ts";
import type { Measured, PeerFacts, PeerSetup } from "./peer.ts";
import type { PeerVariant } from "./peer-variants.ts";

export const poolMax = 16;

export interface Bench {
  server: { url: string; database: Database };
  directory: string;
  /** By key: what each program said of itself. */
  facts: Map<string, PeerFacts>;
  /** By key: claims at the width at which they are measured again beside stuck jobs. */
  claims: Map<string, Measured>;
}

export interface StartedPeer {
  variant: PeerVariant;
  process: PeerProcess;
  setup: PeerSetup;
}

export interface StartedPeers extends AsyncDisposable {
  peers: StartedPeer[];
  /** By key: why a program did not start. */
  failures: Map<string, string>;
}

export async function startPeers(bench: Bench, variants: readonly PeerVariant[]): Promise<StartedPeers> {
  await using started = new AsyncDisposableStack();
  const peers: StartedPeer[] = [];
  const failures = new Map<string, string>();
  for (const variant of variants) {
    await using own = new AsyncDisposableStack();
    try {
      const { url } = own.use(await createPeerDatabase(bench.server, variant.key));
      const directory = join(bench.directory, `${variant.key}-${crypto.randomUUID().slice(0, 8)}`);
      await mkdir(directory);
      const program = own.use(new PeerProcess(variant.program, [variant.mode]));
      bench.facts.set(variant.key, await program.facts());
      const setup = { databaseUrl: url, poolMax, directory };
      await program.prepare(setup);
      peers.push({ variant, process: program, setup });
      started.use(own.move());
    } catch (error) {
      failures.set(variant.key, (error as Error).message);
    }
  }
  const kept = started.move();
  return { peers, failures, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
