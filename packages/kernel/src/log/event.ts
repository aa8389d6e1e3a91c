/** What an event is before it is appended and after. Types only. */
import type { JsonObject } from "@roost/base";

/** An event before it has a place in the log. */
export interface EventDraft {
  /** A registered type: "run.started". It decides the topic. */
  type: string;
  /** What the event is about, such as a run id. */
  subject?: string | undefined;
  data: JsonObject;
  /** Who says it (CloudEvents `source`); default: the kernel's source. */
  source?: string | undefined;
  /** Events with the same key keep their order. Default: the subject, without one the id. */
  key?: string | undefined;
  /** Unique per source; it is not checked: a producer that may repeat itself uses an idempotency key. */
  id?: string | undefined;
  /** What belongs together. Default: the event's own id. */
  correlation?: string | undefined;
  /** The id of the event that led to this one. */
  causation?: string | undefined;
  /** W3C trace context. */
  traceparent?: string | undefined;
  /** What the content may be shown to, and whether it can be trusted. Default: `aud:main trust:untrusted`. */
  labels?: readonly string[] | undefined;
  /** The same by the number of a stored set, where that is at hand; it goes before `labels`. */
  labelSet?: number | undefined;
}

/** Where an event is. Offsets of a partition are dense from 0 and in the order of commits. */
export interface EventPosition {
  topic: string;
  partition: number;
  offset: number;
  id: string;
}

/** An event of the log. Readers share the object: it is not to be changed. */
export interface StoredEvent {
  topic: string;
  partition: number;
  offset: number;
  id: string;
  type: string;
  /** Of the schema that `data` obeys. */
  version: number;
  source: string;
  subject: string | null;
  /** Only when it is neither the subject nor, without a subject, the id. */
  key: string | null;
  /** When it was appended, by the database's clock. */
  time: Date;
  data: JsonObject;
  correlation: string;
  causation: string | null;
  traceparent: string | null;
  labels: string[];
}
