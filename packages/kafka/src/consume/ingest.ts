/** Foreign events enter the log: validated against the schema that is registered for their type, marked as untrusted, once each. */
import { RoostError } from "@roost/base";
import { roostEvents } from "@roost/contract/events";
import { formatLabels, joinLabels, parseLabels, untrustedFrom } from "@roost/contract/labels";
import type { HandleEvents } from "./take-records.ts";

export const ingestGroup = "kafka-ingest";

/** Only Roost may emit its own events: state follows from them. */
const ownTypes: ReadonlySet<string> = new Set(roostEvents.map(({ type }) => type));

export const ingest: HandleEvents = async (tx, events, { topic }) => {
  const origin = untrustedFrom("import", `kafka:${topic}`);
  for (const event of events) {
    if (ownTypes.has(event.type))
      throw new RoostError(
        "invalid_input",
        `events of type "${event.type}" are Roost's own: they do not enter from Kafka`,
      );
    tx.emit({
      id: event.id,
      type: event.type,
      source: event.source,
      subject: event.subject,
      key: event.key,
      data: event.data,
      correlation: event.correlation,
      causation: event.causation,
      traceparent: event.traceparent,
      labels: formatLabels(joinLabels(parseLabels(event.labels), origin)),
    });
  }
};
