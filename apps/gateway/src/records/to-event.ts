import type { Event as EventRecord } from "@roost/contract/operations";
import type { StoredEvent } from "@roost/kernel";

export function toEventRecord(event: StoredEvent): EventRecord {
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
