/** emmett's PostgreSQL event store in the comparison: appends and reads. */
import {
  getPostgreSQLEventStore,
  readMessagesBatch,
  type PostgresEventStore,
} from "@event-driven-io/emmett-postgresql";
import { dumbo } from "@event-driven-io/dumbo";
import { Pool } from "pg";
import { oneKilobyte } from "../src/peers/one-kilobyte.ts";
import type { PeerSetup, WorkloadContext, WorkloadParameters, WorkloadResult } from "../src/peers/peer.ts";
import { servePeer } from "../src/peers/serve-peer.ts";
import { timeCalls } from "../src/peers/time-jobs.ts";
import { versionOf } from "./version-of.ts";

async function withPool<T>(setup: PeerSetup, work: (pool: ReturnType<typeof dumbo>) => Promise<T>): Promise<T> {
  const native = new Pool({ connectionString: setup.databaseUrl, max: setup.poolMax });
  native.on("error", () => undefined);
  try {
    return await work(dumbo({ connectionString: setup.databaseUrl, pool: native }));
  } finally {
    await native.end();
  }
}

async function withStore<T>(setup: PeerSetup, work: (store: PostgresEventStore) => Promise<T>): Promise<T> {
  return withPool(setup, async (pool) =>
    work(
      getPostgreSQLEventStore(setup.databaseUrl, {
        schema: { autoMigration: "None" },
        connectionOptions: { dumbo: pool as never },
      }),
    ),
  );
}

async function append(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { batch, writers, count } = parameters as { batch: number; writers: number; count: number };
  const round = crypto.randomUUID();
  return withStore(setup, async (store) => {
    const free = Array.from({ length: writers }, (_, writer) => `stream-${round}-${writer}`);
    const result = await timeCalls({
      count: Math.ceil(count / batch),
      concurrency: writers,
      // A stream has one writer: two of one stream would refuse each other.
      call: async () => {
        const stream = free.pop()!;
        const events = Array.from({ length: batch }, (_, n) => ({
          type: "bench.happened",
          data: { n, text: oneKilobyte },
        }));
        await store.appendToStream(stream, events);
        free.push(stream);
      },
    });
    return { ...result, perSecond: result["perSecond"]! * batch };
  });
}

async function read(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { batch, count } = parameters as { batch: number; count: number };
  return withPool(setup, async (pool) => {
    let after = 0n;
    const result = await timeCalls({
      count: Math.ceil(count / batch),
      concurrency: 1,
      call: async () => {
        const page = await readMessagesBatch(pool.execute, { after, batchSize: batch });
        after = page.messages.length < batch ? 0n : page.currentGlobalPosition;
      },
    });
    return { ...result, perSecond: result["perSecond"]! * batch };
  });
}

servePeer({
  facts: {
    version: versionOf("@event-driven-io/emmett-postgresql"),
    settings: ["a stream for each writer", "pool of the same size"],
    guarantees: {
      fence: "expected version of a stream",
      deduplication: "no",
      history: "the events",
      durability: "each append fsynced",
      delivery: "readers wait for the oldest open transaction of the cluster",
    },
  },
  prepare: async ({ databaseUrl }) => {
    const store = getPostgreSQLEventStore(databaseUrl);
    await store.schema.migrate();
    await store.close();
  },
  workloads: { append, read },
});
