import type { Event as EventRecord } from "@roost/contract/operations";
import type { StoredEvent } from "@roost/kernel";

// tidy: only a saving: all streams of a process show the same events, and what is one object is checked and written once.
const records = new WeakMap<StoredEvent, EventRecord>();

export function toEventRecord(event: StoredEvent): EventRecord {
  const known = records.get(event) ?? make(event);
  records.set(event, known);
  return known;
}

function make(event: StoredEvent): EventRecord {
  return {
    topic: event.topic,
    partition: event.partition,
    offset: event.offset,
    id: event.id,
    type: event.type,
    version: event.version,
    source: event.source,
    subject: event.subject,
    time: event.time.toISOString(),
    data: event.data,
    correlation: event.correlation,
    causation: event.causation,
    traceparent: event.traceparent,
    labels: event.labels,
  };
}
