/** The one statement that appends: heads locked in order, dense offsets, last in its transaction. Checks come before. */
import type { Sql } from "@roost/database";
import type { EventPosition } from "./event.ts";
import type { NumberedEvent, PreparedEvent } from "./prepare-event.ts";

/** A topic whose newest segment is filling up, and how far its segments reach. */
export interface AppendedTo {
  topic: string;
  nextOffset: number;
  offsetsUntil: number;
}

export interface Appended {
  /** In the order of the events. */
  positions: EventPosition[];
  heads: AppendedTo[];
}

// Keeps: heads are locked in one order; offsets are dense because the head's row stays locked until the commit.
const appendSql = `select first_offsets, untils from roost.append_events_1(
  $1::text[], $2::int[], $3::int[], $4::int[], $5::int[], $6::text[], $7::text[], $8::int[], $9::text[], $10::text[], $11::text[],
  $12::text[], $13::text[], $14::text[], $15::int[], $16::jsonb)`;

/** Appends in the given order, in one statement: the last of its transaction, since the partitions' heads stay locked until its end. */
export async function appendEvents(sql: Sql, events: readonly NumberedEvent[]): Promise<Appended> {
  const heads = sortHeads(events);
  const places = events.map((event) => {
    const head = heads.byName.get(headName(event))!;
    return { head: head.position, place: head.count++ };
  });
  const column = <Name extends keyof NumberedEvent>(name: Name) => events.map((event) => event[name]);
  const [row] = await sql.query<{ first_offsets: number[]; untils: number[] }>(
    appendSql,
    [
      heads.sorted.map((head) => head.topic),
      heads.sorted.map((head) => head.partition),
      heads.sorted.map((head) => head.count),
      places.map((place) => place.head + 1),
      places.map((place) => place.place),
      column("id"),
      column("type"),
      column("version"),
      column("source"),
      column("subject"),
      column("key"),
      column("correlation"),
      column("causation"),
      column("traceparent"),
      column("labelSet"),
      `[${column("payload").join(",")}]`,
    ],
    { name: "roost_append_events" },
  );
  const firsts = row!.first_offsets;
  return {
    positions: events.map((event, index) => {
      const { head, place } = places[index]!;
      return { topic: event.topic, partition: event.partition, offset: firsts[head]! + place, id: event.id };
    }),
    heads: heads.sorted.map((head, index) => ({
      topic: head.topic,
      nextOffset: firsts[index]! + head.count,
      offsetsUntil: row!.untils[index]!,
    })),
  };
}

interface Head {
  topic: string;
  partition: number;
  position: number;
  count: number;
}

function sortHeads(events: readonly PreparedEvent[]): { sorted: Head[]; byName: Map<string, Head> } {
  const byName = new Map<string, Head>();
  for (const event of events) {
    const name = headName(event);
    if (!byName.has(name)) byName.set(name, { topic: event.topic, partition: event.partition, position: 0, count: 0 });
  }
  const sorted = [...byName.values()].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  );
  for (const [position, head] of sorted.entries()) head.position = position;
  return { sorted, byName };
}

function headName(event: PreparedEvent): string {
  return `${event.topic}/${event.partition}`;
}
