/** What this room holds of a home, record by record, in an order that does not change: the same home gives the same records. */
import { RoostError, type JsonObject, type JsonValue } from "@roost/base";
import { formatLabels } from "@roost/contract/labels";
import { messagePlaces, type ExportKind } from "@roost/contract/operations";
import type { Memory } from "../memory.ts";
import { factColumns, type FactRow } from "../facts/fact.ts";

export interface ExportQuery {
  kind: ExportKind;
  /** The place of the last record of the page before. */
  after?: readonly string[] | undefined;
  limit: number;
}

export interface ExportPage {
  items: JsonObject[];
  /** The place of the last one; undefined: there are no more. */
  next: string[] | undefined;
}

/** Of the messages of a page: one at least. */
const pageBytesMax = 8 * 1024 ** 2;

type Row = Record<string, unknown>;

interface Read {
  /** Columns that tell where a row stands, indexed, with their types and their names in the row. */
  place: readonly { column: string; type: string; as: string }[];
  /** Newest first. */
  isDescending?: boolean;
  /** Without its order; ends in a condition. */
  sql: string;
  toRecord(memory: Memory, row: Row): Promise<JsonObject> | JsonObject;
}

const at = (column: string, type = "text", as = column.split(".").at(-1)!) => ({ column, type, as });

export async function exportRecords(memory: Memory, { kind, after, limit }: ExportQuery): Promise<ExportPage> {
  const { place, isDescending = false, sql, toRecord } = reads[kind];
  if (after !== undefined && after.length !== place.length)
    throw new RoostError("invalid_input", `after is not a place of ${kind}: pass next of the page before`);
  const columns = place.map(({ column }) => column);
  const values = place.map(({ type }, index) => `$${index + 2}::${type}`);
  const beyond =
    after === undefined ? "" : `and (${columns.join(", ")}) ${isDescending ? "<" : ">"} (${values.join(", ")})`;
  const order = columns.map((column) => `${column}${isDescending ? " desc" : ""}`).join(", ");
  const rows = await memory.kernel.database.query<Row>(`${sql} ${beyond} order by ${order} limit $1`, [
    limit + 1,
    ...(after ?? []),
  ]);
  const items: JsonObject[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, limit)) {
    const record = await toRecord(memory, row);
    bytes += JSON.stringify(record).length;
    if (items.length > 0 && bytes > pageBytesMax) break;
    items.push(record);
  }
  const last = rows[items.length - 1];
  const isMore = items.length < rows.length;
  return { items, next: isMore && last !== undefined ? place.map(({ as }) => String(last[as])) : undefined };
}

const reads: Record<ExportKind, Read> = {
  file: {
    place: [at("path")],
    // States are records of their own.
    sql: `select path, sha256, bytes::text as bytes, labels, sections from memory.file where event_id <> 'state' and path !~ '^memory/[^/]+-state\\.json$'`,
    toRecord: async ({ kernel }, { path, sha256, bytes, labels, sections }) => ({
      kind: "file",
      ref: String(path),
      path: String(path),
      sha256: sha256 as string | null,
      bytes: Number(bytes),
      labels: await labelsOf(kernel, labels),
      ...(sections !== null && {
        sections: await Promise.all(
          (sections as [number, number, number][]).map(async ([from, count, set]) => [
            from,
            count,
            await labelsOf(kernel, set),
          ]),
        ),
      }),
    }),
  },
  session: {
    place: [at("key")],
    sql: "select key, kind, agent, title, created_at, begins_at from memory.session where true",
    toRecord: (_memory, { key, kind, agent, title, created_at: createdAt, begins_at: beginsAt }) => ({
      kind: "session",
      ref: String(key),
      key: String(key),
      sessionKind: String(kind),
      agent: String(agent),
      title: title as string | null,
      createdAt: time(createdAt),
      beginsAt: Number(beginsAt),
    }),
  },
  message: {
    place: [at("m.session_key"), at("m.seq", "bigint")],
    sql: `select m.*, coalesce(t.id, m.id) as turn_id, s.id as through_id from memory.message m
      left join memory.message t on t.session_key = m.session_key and t.seq = m.turn_seq
      left join memory.message s on s.session_key = m.session_key and s.seq = m.through_turn where true`,
    toRecord: async ({ kernel }, row) => ({
      kind: "message",
      ref: String(row["id"]),
      id: String(row["id"]),
      sessionKey: String(row["session_key"]),
      seq: Number(row["seq"]),
      turnId: String(row["turn_id"]),
      place: messagePlaces[Number(row["place"])]!,
      role: String(row["role"]),
      text: String(row["text"]),
      content: row["content"] as JsonObject,
      labels: await labelsOf(kernel, row["labels"]),
      at: time(row["created_at"]),
      source: row["source"] as string | null,
      runId: row["run_id"] as string | null,
      throughTurnId: row["through_id"] as string | null,
      isTakenBack: row["is_taken_back"] === true,
      isStale: row["is_stale"] === true,
      isRehearsed: row["is_rehearsed"] === true,
    }),
  },
  fact: {
    // The newest first: what replaced a fact comes before it.
    place: [at("f.id", "uuid")],
    isDescending: true,
    sql: `select ${factColumns}, coalesce((select jsonb_agg(jsonb_build_object('kind', kind, 'ref', ref) order by kind, ref) from memory.fact_dependent d where d.fact_id = f.id), '[]') as dependents,
        array(select run_id::text from memory.run_source s where s.kind = 'fact' and s.ref = f.id order by run_id) as "givenTo"
      from memory.fact f where true`,
    toRecord: async ({ kernel }, row) => {
      const {
        labels,
        validFrom,
        validTo,
        recordedAt,
        retractedAt,
        at_place: _place,
        ...fact
      } = row as unknown as FactRow & Row;
      return {
        ...(fact as unknown as JsonObject),
        kind: "fact",
        ref: fact.id,
        validFrom: time(validFrom),
        validTo: timeOrNull(validTo),
        recordedAt: time(recordedAt),
        retractedAt: timeOrNull(retractedAt),
        labels: await labelsOf(kernel, labels),
      };
    },
  },
  view: {
    place: [at("path")],
    sql: "select path, lines from memory.fact_view where true",
    toRecord: (_memory, { path, lines }) => ({ kind: "view", ref: String(path), lines: lines as JsonValue }),
  },
  state: {
    place: [at("name")],
    sql: "select name, value, labels from memory.state where text is not null",
    toRecord: async ({ kernel }, { name, value, labels }) => ({
      kind: "state",
      ref: String(name),
      name: String(name),
      value: value as JsonValue,
      labels: await labelsOf(kernel, labels),
    }),
  },
  part: {
    place: [at("sha256")],
    sql: "select sha256, bytes, media_type, name, labels from memory.part where is_told",
    toRecord: async ({ kernel }, { sha256, bytes, media_type: mediaType, name, labels }) => ({
      kind: "part",
      ref: String(sha256),
      labels: await labelsOf(kernel, labels),
      sha256: String(sha256),
      bytes: Number(bytes),
      mediaType: String(mediaType),
      name: name as string | null,
    }),
  },
  history: {
    place: [at("home"), at("topic"), at("ref")],
    sql: "select home, topic, ref, at, record from memory.history where true",
    toRecord: (_memory, { home, topic, ref, at, record }) => ({
      kind: "history",
      ref: String(ref),
      home: String(home),
      topic: String(topic),
      at: timeOrNull(at),
      record: record as JsonObject,
    }),
  },
  source: {
    place: [at("name")],
    sql: "select name, identity, place, next_number, looked_at from memory.source where true",
    toRecord: (_memory, { name, identity, place, next_number: nextNumber, looked_at: lookedAt }) => ({
      kind: "source",
      ref: String(name),
      name: String(name),
      identity: String(identity),
      place: place as JsonObject,
      nextNumber: Number(nextNumber),
      lookedAt: timeOrNull(lookedAt),
    }),
  },
  item: {
    place: [at("i.source"), at("i.number", "bigint")],
    sql: "select i.*, s.identity from memory.source_item i join memory.source s on s.name = i.source where true",
    toRecord: (_memory, row) => ({
      kind: "item",
      ref: `${String(row["source"])}/${String(row["number"])}`,
      source: String(row["source"]),
      identity: String(row["identity"]),
      number: Number(row["number"]),
      key: String(row["key"]),
      at: time(row["at"]),
      text: String(row["text"]),
      takenAt: time(row["taken_at"]),
      mailbox: row["mailbox"] as string | null,
      numbering: row["numbering"] as string | null,
      likeness: row["likeness"] as string | null,
    }),
  },
  heartbeat: {
    place: [at("session_key")],
    // How far it has read the log is of this installation.
    sql: "select session_key, inputs, called_at, last_text, last_sent_at from memory.heartbeat where true",
    toRecord: (_memory, row) => ({
      kind: "heartbeat",
      ref: String(row["session_key"]),
      sessionKey: String(row["session_key"]),
      inputs: row["inputs"] as JsonObject | null,
      calledAt: timeOrNull(row["called_at"]),
      lastText: row["last_text"] as string | null,
      lastSentAt: timeOrNull(row["last_sent_at"]),
    }),
  },
  base: {
    place: [at("source"), at("ref")],
    // Of an export itself nothing is kept for the next one.
    sql: "select * from memory.imported where source not like 'roost:%'",
    toRecord: (_memory, row) => ({
      kind: "base",
      ref: String(row["ref"]),
      source: String(row["source"]),
      of: String(row["kind"]),
      sha256: String(row["sha256"]),
      hereSha256: row["here_sha256"] as string | null,
      place: row["place"] as string | null,
      kept: row["kept"] as JsonObject | null,
    }),
  },
};

async function labelsOf({ labelSets, database }: Memory["kernel"], number: unknown): Promise<string[]> {
  return formatLabels(await labelSets.read(database, Number(number)));
}

function time(value: unknown): string {
  return (value as Date).toISOString();
}

function timeOrNull(value: unknown): string | null {
  return value === null ? null : time(value);
}
