/** An event type as a value: its name, topic and data schema. */
import { assert, type JsonObject } from "@roost/base/browser";
import type { z } from "zod";

/**
 * Which versions of a schema must understand each other, as in schema registries: `backward` means the new schema accepts data of the previous one,
 * `forward` the reverse, `full` both; `…_transitive` means all previous ones.
 */
export const compatibilityModes = [
  "backward",
  "backward_transitive",
  "forward",
  "forward_transitive",
  "full",
  "full_transitive",
  "none",
] as const;
export type CompatibilityMode = (typeof compatibilityModes)[number];

/** Converts the data of one version to the next. Pure, and does not change its argument. */
export type Upcaster = (data: JsonObject) => JsonObject;

/** Keyed by the version that each leads to: `{ 3: upcaster }` converts version 2 to 3. */
export type Upcasters = Readonly<Record<number, Upcaster>>;

/** Data of an earlier version. */
export interface EventSample {
  version: number;
  data: JsonObject;
}

export interface EventOptions<Type extends string, Schema extends z.ZodObject> {
  /** A noun and a past participle: "run.started". */
  type: Type;
  /** Increases when the schema changes. */
  version: number;
  topic: string;
  /** What the subject of the event is: "run id". */
  subject?: string;
  /** Schema of the event's data. */
  schema: Schema;
  /** The event's line in digests: `{name} was planted`. Names in braces are fields of its data. Default: not in digests. */
  digest?: string;
  compatibility?: CompatibilityMode;
  /** For versions that older data does not fit: readers see that data converted to this version. Each is kept as long as such events are. */
  upcasters?: Upcasters;
  /** Data that the upcasters are tried on at registration, beside stored events. */
  samples?: readonly EventSample[];
}

export interface EventDefinition<Type extends string = string, Schema extends z.ZodObject = z.ZodObject> {
  readonly type: Type;
  readonly version: number;
  readonly topic: string;
  readonly subject: string | undefined;
  readonly schema: Schema;
  readonly digest: string | undefined;
  readonly compatibility: CompatibilityMode;
  readonly upcasters: Upcasters | undefined;
  readonly samples: readonly EventSample[] | undefined;
}

/** The data of an event of this definition. */
export type EventDataOf<Event extends EventDefinition> = z.output<Event["schema"]>;

export function defineEvent<const Type extends string, Schema extends z.ZodObject>(
  options: EventOptions<Type, Schema>,
): EventDefinition<Type, Schema> {
  const { type, version, topic } = options;
  assert(/^[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)+$/.test(type), `event "${type}": write its type like run.started`);
  assert(
    /^[a-z][a-z0-9_-]{0,62}$/.test(topic),
    `event "${type}": the topic "${topic}" must be lower-case letters, digits, - and _`,
  );
  assert(Number.isInteger(version) && version >= 1, `event "${type}": the version ${version} must be 1 or more`);
  for (const [, field = ""] of options.digest?.matchAll(/\{(\w*)\}/g) ?? [])
    assert(field in options.schema.shape, `event "${type}": its digest uses {${field}}, which its data does not have`);
  for (const key of Object.keys(options.upcasters ?? {})) {
    const to = Number(key);
    assert(
      Number.isInteger(to) && to >= 2 && to <= version,
      `event "${type}": an upcaster leads to version ${key}, which must be 2 to ${version}`,
    );
  }
  return {
    type,
    version,
    topic,
    subject: options.subject,
    schema: options.schema,
    digest: options.digest,
    compatibility: options.compatibility ?? "backward_transitive",
    upcasters: options.upcasters,
    samples: options.samples,
  };
}
