/**
 * What the log costs beyond PostgreSQL: events appended through the kernel (validated, partitioned, given dense offsets, announced)
 * against the same rows inserted by hand into a table of the same shape in the same server, in batches of the same size, by turns.
 */
import type { Database } from "@roost/database";
import type { EventDraft, Kernel } from "@roost/kernel";
import { timed, type Figure, type Measure } from "../measure.ts";
import { benchEvent } from "../bench-event.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { statistics } from "../statistics.ts";

const aimRatioMin = 0.8;
const batchSize = 500;

/** Columns of roost.event; the rows come back from the log as it wrote them. */
const columns = `topic, partition, "offset", id, type, version, source, subject, key, time, correlation, causation, traceparent, labels, data`;

export const measureAppend: Measure = async ({ isQuick, onProgress }) => {
  onProgress("append against a raw batched insert");
  await using opened = await openDurableDatabase();
  const { database, kernel } = opened;
  await kernel.registry.register([benchEvent]);
  await database.query("create schema bench; create table bench.event (like roost.event including all)");
  const [warmUps, rounds] = isQuick ? [2, 6] : [30, 200];
  const appended: number[] = [];
  const inserted: number[] = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    const drafts = createDrafts(round);
    const appendMs = await timed(() => kernel.append(drafts));
    const rows = await readRows(database);
    const insertMs = await timed(() => insertRaw(database, rows));
    if (round < 0) continue;
    appended.push(appendMs);
    inserted.push(insertMs);
  }
  return [...report(appended, inserted), await measureSmall(kernel, database, { isQuick })];
};

function report(appended: number[], inserted: number[]): Figure[] {
  const [ours, raw] = [statistics(appended), statistics(inserted)];
  const ratio = raw.p50 / ours.p50;
  const perSecond = (ms: number) => Math.round((batchSize / ms) * 1000).toLocaleString("en");
  return [
    {
      name: `append, share of the speed of a raw batched insert (${batchSize} events a batch)`,
      value: ratio.toFixed(2),
      details: `${perSecond(ours.p50)} against ${perSecond(raw.p50)} events/s at the median; ${ours.count} batches each, by turns`,
      aim: `≥ ${aimRatioMin}`,
      isMet: ratio >= aimRatioMin,
    },
  ];
}

/** Many writers of one event each: the kernel commits them together, a program without it would commit each. */
async function measureSmall(kernel: Kernel, database: Database, { isQuick }: { isQuick: boolean }): Promise<Figure> {
  const writers = 16;
  const eachCount = isQuick ? 5 : 100;
  const drafts = createDrafts(-1);
  const rows = await readRows(database);
  const appendMs = await timed(() =>
    inParallel(writers, eachCount, (n) => kernel.append([{ ...drafts[n % batchSize]! }])),
  );
  await database.query("truncate bench.event");
  let place = 0;
  const insertMs = await timed(() =>
    inParallel(writers, eachCount, () => {
      place += 1;
      return insertRaw(database, [{ ...rows[0]!, offset: place }]);
    }),
  );
  const perSecond = (ms: number) => Math.round(((writers * eachCount) / ms) * 1000).toLocaleString("en");
  return {
    name: `append of single events by ${writers} writers at once, over a raw insert each`,
    value: (insertMs / appendMs).toFixed(2),
    details: `${perSecond(appendMs)} against ${perSecond(insertMs)} events/s; ${writers * eachCount} events`,
  };
}

function createDrafts(round: number): EventDraft[] {
  return Array.from({ length: batchSize }, (_, n) => ({
    type: benchEvent.type,
    subject: `subject-${n % 50}`,
    data: { n, text: `Something of ordinary length happened in round ${round}, and it is told here in a line.` },
  }));
}

type Row = Record<string, unknown>;

/** The newest batch of the log. */
function readRows(database: Database): Promise<Row[]> {
  return database.query<Row>(
    `select ${columns.replace("data", "data::text as data")} from roost.event where topic = 'bench' order by id desc limit $1`,
    [batchSize],
  );
}

/** As quickly as plain SQL goes: one prepared statement, one array per column. */
async function insertRaw(database: Database, rows: Row[]): Promise<void> {
  const column = (name: string) => rows.map((row) => row[name]);
  await database.transact((tx) =>
    tx.query(
      `insert into bench.event (${columns})
       select t, p, o, i, ty, v, s, su, k, roost.now(), c, ca, tr, 1, d::jsonb
       from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[], $9::text[],
         $10::text[], $11::text[], $12::text[], $13::text[]) as r(t, p, o, i, ty, v, s, su, k, c, ca, tr, d)`,
      [
        "topic",
        "partition",
        "offset",
        "id",
        "type",
        "version",
        "source",
        "subject",
        "key",
        "correlation",
        "causation",
        "traceparent",
        "data",
      ].map(column),
      { name: "bench_insert" },
    ),
  );
}

async function inParallel(writers: number, eachCount: number, write: (n: number) => Promise<unknown>): Promise<void> {
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let n = 0; n < eachCount; n += 1) await write(writer * eachCount + n);
    }),
  );
}
