/** PostgreSQL itself, as the floor under appends: the log's columns and indexes, plain prepared statements, no offsets, no checks. */
import { silentLogger } from "@roost/base";
import { openDatabase, type Database } from "@roost/database";
import { oneKilobyte } from "./one-kilobyte.ts";
import type { PeerSetup, WorkloadContext, WorkloadParameters, WorkloadResult } from "./peer.ts";
import { servePeer } from "./serve-peer.ts";
import { timeCalls } from "./time-jobs.ts";

function open({ databaseUrl, poolMax }: PeerSetup): Promise<Database> {
  return openDatabase({ url: databaseUrl, applicationName: "bench", logger: silentLogger, poolMax });
}

async function append(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { batch, writers, count } = parameters as { batch: number; writers: number; count: number };
  await using database = await open(setup);
  const text = JSON.stringify({ n: 0, text: oneKilobyte });
  const result = await timeCalls({
    count: Math.ceil(count / batch),
    concurrency: writers,
    call: (call) => {
      const numbers = Array.from({ length: batch }, (_, n) => call * batch + n);
      return database.query(
        `insert into event (topic, partition, id, type, version, source, subject, time, correlation, labels, data)
         select 'bench', 0, r.id, 'bench.happened', 1, 'bench', r.subject, now(), r.id, 1, r.data::jsonb
         from unnest($1::text[], $2::text[], $3::text[]) as r(id, subject, data)`,
        [numbers.map(() => crypto.randomUUID()), numbers.map((n) => `subject-${n % 50}`), numbers.map(() => text)],
        { name: "append" },
      );
    },
  });
  return { ...result, perSecond: result["perSecond"]! * batch };
}

async function read(parameters: WorkloadParameters, { setup }: WorkloadContext): Promise<WorkloadResult> {
  const { batch, count } = parameters as { batch: number; count: number };
  await using database = await open(setup);
  let place = 0;
  const result = await timeCalls({
    count: Math.ceil(count / batch),
    concurrency: 1,
    call: async () => {
      const statement = `select * from event where topic = 'bench' and partition = 0 and "offset" > $1 order by "offset" limit $2`;
      const rows = await database.query<{ offset: number }>(statement, [place, batch], { name: "read" });
      place = rows.length < batch ? 0 : rows.at(-1)!.offset;
    },
  });
  return { ...result, perSecond: result["perSecond"]! * batch };
}

servePeer({
  facts: {
    version: "the server's",
    settings: ["one prepared insert … select from unnest", "offsets from a sequence"],
    guarantees: {
      fence: "no",
      deduplication: "no",
      history: "the rows",
      durability: "each commit fsynced",
      delivery: "readers can skip events (sequence)",
    },
  },
  prepare: async (setup) => {
    await using database = await open(setup);
    await database.query(
      `create table event (
         topic text collate "C" not null, partition integer not null, "offset" bigint generated always as identity, id text collate "C" not null,
         type text collate "C" not null, version integer not null, source text collate "C" not null, subject text collate "C",
         time timestamptz not null, correlation text collate "C" not null, labels integer not null, data jsonb not null,
         primary key (topic, partition, "offset"));
       create index on event (correlation)`,
    );
  },
  workloads: { append, read },
});
