/**
 * Events as records of Kafka: CloudEvents 1.0 in binary mode (Kafka protocol binding), data as JSON in the value, everything else in headers. What
 * comes from the log of a Roost says where it stood there; what comes from others has its source and id.
 */
import { isJsonObject, RoostError, type JsonObject } from "@roost/base";
import { findUnreadable } from "@roost/contract/labels";
import type { StoredEvent } from "@roost/kernel";
import type { KafkaRecord } from "./client/open-kafka.ts";
import type { ReceivedRecord } from "./client/fetch-records.ts";

/** Which log, and which history of it: another one after its database lost what Kafka already had. */
export interface LogName {
  log: string;
  generation: number;
}

/** Where an event stands in the log that it comes from. */
export interface LogPlace extends LogName {
  topic: string;
  partition: number;
  offset: number;
}

export interface ForeignEvent {
  id: string;
  type: string;
  source: string;
  subject: string | undefined;
  key: string | undefined;
  /** Of the schema; undefined: the producer does not say. */
  version: number | undefined;
  time: string | undefined;
  data: JsonObject;
  correlation: string | undefined;
  causation: string | undefined;
  traceparent: string | undefined;
  labels: string[] | undefined;
  /** Undefined for events of others than Roost. */
  place: LogPlace | undefined;
}

const json = "application/json";
/** Of the value of a record that enters. */
export const valueBytesMax = 1_000_000;
const structured = "application/cloudevents+json";
/** Of a log and of its topics: more is no key of a table. */
const logName = /^[\w.:-]{1,255}$/;

/** @param schemaId of the event's type and version: the SHA-256 of its canonical JSON */
export function toRecord(
  event: StoredEvent,
  { log, generation, schemaId }: LogName & { schemaId: string | undefined },
): KafkaRecord & { value: string } {
  const headers: Record<string, string> = {
    ce_specversion: "1.0",
    ce_id: event.id,
    ce_type: event.type,
    ce_source: event.source,
    ce_time: event.time.toISOString(),
    "content-type": json,
    ce_correlationid: event.correlation,
    ce_schemaversion: String(event.version),
    ce_roostlabels: event.labels.join(" "),
    ce_roostlog: log,
    ce_roostgeneration: String(generation),
    ce_roosttopic: event.topic,
    ce_roostpartition: String(event.partition),
    ce_roostoffset: String(event.offset),
  };
  if (event.subject !== null) headers["ce_subject"] = event.subject;
  if (event.key !== null) headers["ce_partitionkey"] = event.key;
  if (event.causation !== null) headers["ce_causationid"] = event.causation;
  if (event.traceparent !== null) headers["ce_traceparent"] = event.traceparent;
  if (schemaId !== undefined) headers["ce_dataschema"] = `urn:roost:schema:${event.type}:${event.version}:${schemaId}`;
  return { key: event.key ?? event.subject ?? event.id, value: JSON.stringify(event.data), headers };
}

/** Where the record's event stands in a Roost's log; undefined for those of others. Never throws. */
export function placeOf({ headers }: Pick<ReceivedRecord, "headers">): LogPlace | undefined {
  const [log, topic] = [headers.get("ce_roostlog"), headers.get("ce_roosttopic")];
  const numbers = ["ce_roostgeneration", "ce_roostpartition", "ce_roostoffset"].map((name) =>
    Number(headers.get(name) ?? Number.NaN),
  );
  const [generation, partition, offset] = numbers as [number, number, number];
  if (
    log === undefined ||
    topic === undefined ||
    !logName.test(log) ||
    !logName.test(topic) ||
    !numbers.every((number) => Number.isSafeInteger(number) && number >= 0)
  )
    return undefined;
  return { log, generation, topic, partition, offset };
}

/** Binary or structured mode. @throws RoostError `invalid_input` that says what is wrong with the record */
export function fromRecord(record: ReceivedRecord): ForeignEvent {
  const { headers, value } = record;
  if (value === null) throw invalid("has no value");
  if (value.byteLength > valueBytesMax) throw invalid(`has ${value.byteLength} bytes (limit ${valueBytesMax})`);
  const contentType = (headers.get("content-type") ?? json).toLowerCase();
  const body = parse(value);
  const { attributes, data } = contentType.startsWith(structured) ? ofStructured(body) : ofBinary(headers, body);
  const version = attributes.get("schemaversion");
  if (version !== undefined && !/^[1-9]\d{0,8}$/.test(version))
    throw invalid(`has the schema version ${JSON.stringify(version)}`);
  const labels = attributes.get("roostlabels")?.split(" ");
  const unreadable = labels && findUnreadable(labels);
  if (unreadable !== undefined)
    throw invalid(`has the label ${JSON.stringify(unreadable.slice(0, 64))}, which is none`);
  return {
    id: required(attributes, "id"),
    type: required(attributes, "type"),
    source: required(attributes, "source"),
    subject: attributes.get("subject"),
    key: attributes.get("partitionkey"),
    version: version === undefined ? undefined : Number(version),
    time: attributes.get("time"),
    data,
    correlation: attributes.get("correlationid"),
    causation: attributes.get("causationid"),
    traceparent: attributes.get("traceparent"),
    labels,
    place: placeOf(record),
  };
}

function parse(value: Buffer): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(value.toString("utf8"));
  } catch (cause) {
    throw invalid(`has a value that is not JSON: ${(cause as Error).message}`);
  }
  if (!isJsonObject(body)) throw invalid("has a value that is no JSON object");
  return body;
}

interface Attributed {
  attributes: Map<string, string>;
  data: JsonObject;
}

function ofStructured({ data, ...body }: JsonObject): Attributed {
  if (!isJsonObject(data)) throw invalid("has no JSON object as its data");
  const attributes = new Map<string, string>();
  for (const [name, value] of Object.entries(body))
    if (typeof value === "string" || typeof value === "number") attributes.set(name, String(value));
  return { attributes, data };
}

function ofBinary(headers: ReadonlyMap<string, string>, data: JsonObject): Attributed {
  const attributes = new Map<string, string>();
  for (const [name, value] of headers) if (name.startsWith("ce_")) attributes.set(name.slice("ce_".length), value);
  return { attributes, data };
}

function required(attributes: ReadonlyMap<string, string>, name: string): string {
  const value = attributes.get(name);
  if (value === undefined || value === "") throw invalid(`is no CloudEvent: it has no ${name} (header ce_${name})`);
  return value;
}

function invalid(what: string): RoostError {
  return new RoostError("invalid_input", `the record ${what}`);
}
