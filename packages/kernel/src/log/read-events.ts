/** Reads one partition, and where partitions begin and end. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import type { StoredEvent } from "./event.ts";

export const readLimitMax = 1000;

export interface ReadEvents {
  topic: string;
  partition: number;
  /** The first to read. */
  offset: number;
  limit: number;
  /** Read only offsets below it. */
  offsetUntil?: number | undefined;
  types?: readonly string[] | undefined;
  /** Not these. */
  without?: readonly string[] | undefined;
  subject?: string | undefined;
  /** Only what is of one of these: its subject, or a run, job, agent or session that its data names. */
  about?: readonly string[] | undefined;
  /** Only what has this label. */
  label?: string | undefined;
  /** Only of these label sets, by number. */
  labelSets?: readonly number[] | undefined;
  /** This offset too, whether it matches or not. */
  besides?: number | undefined;
  /** "backward" starts below `offsetUntil` and ends at `offset`. */
  direction?: "forward" | "backward" | undefined;
}

/** An unknown label set counts as missing labels. */
function labelsColumn(of: string): string {
  return `coalesce((select string_to_array(s.text, ' ') from roost.label_set s where s.number = ${of}.labels), '{aud:main,trust:untrusted}') as labels`;
}

/** From `roost.event` under its own name. */
export const eventColumns = `topic, partition, "offset", id, type, version, source, subject, key, time, data, correlation, causation, traceparent,
  ${labelsColumn("event")}`;

/** Fields of an event's data that say what it is about. */
export const aboutFields = ["runId", "jobId", "agent", "sessionKey"] as const;

/** The events of one partition in order of offsets (newest first when reading backward). */
export async function readEvents(sql: Sql, read: ReadEvents): Promise<StoredEvent[]> {
  checkLimit(read.limit);
  const values: unknown[] = [read.topic, read.partition, read.offset];
  const place = (value: unknown) => `$${values.push(value)}`;
  const conditions = [`topic = $1`, `partition = $2`, `"offset" >= $3`];
  if (read.offsetUntil !== undefined) conditions.push(`"offset" < ${place(read.offsetUntil)}`);
  const wanted: string[] = [];
  if (read.types !== undefined) wanted.push(`type = any(${place(read.types)}::text[])`);
  if (read.without !== undefined) wanted.push(`type <> all(${place(read.without)}::text[])`);
  if (read.subject !== undefined) wanted.push(`subject = ${place(read.subject)}`);
  if (read.about !== undefined) {
    const ids = `any(${place(read.about)}::text[])`;
    wanted.push(
      `(${["subject", ...aboutFields.map((field) => `data->>'${field}'`)].map((one) => `${one} = ${ids}`).join(" or ")})`,
    );
  }
  if (read.label !== undefined)
    wanted.push(
      `labels in (select s.number from roost.label_set s where ${place(read.label)} = any(string_to_array(s.text, ' ')))`,
    );
  if (read.labelSets !== undefined) wanted.push(`labels = any(${place(read.labelSets)}::integer[])`);
  if (wanted.length > 0 && read.besides !== undefined)
    conditions.push(`((${wanted.join(" and ")}) or "offset" = ${place(read.besides)})`);
  else conditions.push(...wanted);
  const order = read.direction === "backward" ? "desc" : "asc";
  const limit = place(read.limit);
  // One name per text. Unneeded segments are pruned at execution, not planning.
  const shape = [
    read.direction ?? "forward",
    ...(["offsetUntil", "types", "without", "subject", "about", "label", "labelSets", "besides"] as const).filter(
      (field) => read[field] !== undefined,
    ),
  ];
  return await sql.query<StoredEvent>(
    `select ${eventColumns} from roost.event where ${conditions.join(" and ")} order by "offset" ${order} limit ${limit}`,
    values,
    { name: `roost_read_${shape.join("_")}` },
  );
}

export interface ReadOn {
  topics: readonly string[];
  /** By "topic/partition": where the reader has got to. */
  reached: Readonly<Record<string, number>>;
  types?: readonly string[] | undefined;
  limit: number;
  /** Offsets that are looked at in each partition. */
  examinedMax: number;
}

/** A partition with news, or of which more was dropped than the reader knows, and the events that were found there. */
export interface FoundIn extends PartitionRange {
  events: StoredEvent[];
}

/** What a reader that goes on needs of the log, in one call; of the last event that was looked at also where it is none that is wanted. */
export async function readOn(sql: Sql, { topics, reached, types, limit, examinedMax }: ReadOn): Promise<FoundIn[]> {
  const rows = await sql.query<StoredEvent & (PartitionRange | { firstOffset: null; nextOffset: null })>(
    `select topic, partition, first_offset as "firstOffset", next_offset as "nextOffset", "offset", id, type, version, source, subject, key, time, data,
       correlation, causation, traceparent, labels
     from roost.read_on_1($1::text[], $2::jsonb, $3::text[], $4::integer, $5::integer)`,
    [topics, JSON.stringify(reached), types ?? null, limit, examinedMax],
    { name: "roost_read_on" },
  );
  const found: FoundIn[] = [];
  for (const { firstOffset, nextOffset, ...event } of rows) {
    const { topic, partition } = event;
    if (firstOffset === null) found.at(-1)!.events.push(event);
    else found.push({ topic, partition, firstOffset, nextOffset, events: [] });
  }
  return found;
}

export interface PartitionRange {
  topic: string;
  partition: number;
  /** The oldest offset that is kept. */
  firstOffset: number;
  /** The offset of the next event to be appended. */
  nextOffset: number;
}

/** Every partition of these topics (default: all), by topic and partition. */
export async function readPartitions(sql: Sql, topics?: readonly string[]): Promise<PartitionRange[]> {
  return await sql.query<PartitionRange>(
    `select h.topic, h.partition, greatest(h.first_offset, least(t.offsets_from, h.next_offset)) as "firstOffset", h.next_offset as "nextOffset"
     from roost.partition_head h join roost.topic t on t.name = h.topic
     where $1::text[] is null or h.topic = any($1) order by h.topic, h.partition`,
    [topics ?? null],
    { name: "roost_read_partitions" },
  );
}

export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > readLimitMax) {
    throw new RoostError("invalid_input", `limit ${limit} must be a whole number from 1 to ${readLimitMax}`);
  }
}
