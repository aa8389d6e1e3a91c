/** An event before and after it is appended. Types only. */
import type { JsonFields, JsonObject } from "@roost/base";

/** An event before it has a position in the log. */
export interface EventDraft {
  /** A registered type: "run.started". It decides the topic. */
  type: string;
  /** What the event is about, such as a run id. */
  subject?: string | undefined;
  data: JsonFields;
  /** Its origin (CloudEvents `source`); default: the kernel's source. */
  source?: string | undefined;
  /** Events with the same key keep their order. Default: the subject, or without one the id. */
  key?: string | undefined;
  /** Unique per source, unchecked: a producer that may repeat itself uses an idempotency key. */
  id?: string | undefined;
  /** Shared by all events of one origin. Default: the event's own id. */
  correlation?: string | undefined;
  /** The id of the event that caused this one. */
  causation?: string | undefined;
  /** W3C trace context. */
  traceparent?: string | undefined;
  /** Audience, trust and sources of the content. Default: `aud:main trust:untrusted`. */
  labels?: readonly string[] | undefined;
  /** The number of a stored set, if known; overrides `labels`. */
  labelSet?: number | undefined;
}

/** The position of an event. Offsets of a partition are dense from 0 and in commit order. */
export interface EventPosition {
  topic: string;
  partition: number;
  offset: number;
  id: string;
}

/** An event of the log. Readers share the object and must not change it. */
export interface StoredEvent {
  topic: string;
  partition: number;
  offset: number;
  id: string;
  type: string;
  /** Of the schema that `data` matches. */
  version: number;
  source: string;
  subject: string | null;
  /** Null when it is the subject or, without a subject, the id. */
  key: string | null;
  /** When it was appended, by the database's clock. */
  time: Date;
  data: JsonObject;
  correlation: string;
  causation: string | null;
  traceparent: string | null;
  labels: string[];
}
