/** An event type as a value: its name, its topic, and the schema that every event of it obeys. */
import { assert, type JsonObject } from "@roost/base/browser";
import type { z } from "zod";

/**
 * Which versions of a schema must understand each other, in the words of schema registries: `backward` means the new
 * schema accepts what the previous one wrote, `forward` the reverse, `full` both; `…_transitive` means all previous ones.
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

/** Turns the data of one version into that of the next. Pure: the same answer every time, and what it is given stays as it is. */
export type Upcaster = (data: JsonObject) => JsonObject;

/** By the version that each leads to, from the one before it: `{ 3: upcaster }` leads from version 2 to 3. */
export type Upcasters = Readonly<Record<number, Upcaster>>;

/** Data as an earlier version wrote it. */
export interface EventSample {
  version: number;
  data: JsonObject;
}

export interface EventOptions<Type extends string, Schema extends z.ZodObject> {
  /** A noun and a past participle: "run.started". */
  type: Type;
  /** Counts up when the schema changes. */
  version: number;
  topic: string;
  /** What the subject of such an event is, in words: "run id". */
  subject?: string;
  /** The event's data. */
  schema: Schema;
  /** How a digest tells of it, in one line: `{name} was planted`. The words in braces are fields of its data. Default: it does not. */
  digest?: string;
  compatibility?: CompatibilityMode;
  /** For versions that what was written before does not fit: readers see it as this version. Each stays for as long as such events are kept. */
  upcasters?: Upcasters;
  /** What the upcasters are tried on when the version is registered, beside the events that are stored. */
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
    assert(field in options.schema.shape, `event "${type}": its digest names {${field}}, which its data does not have`);
  for (const key of Object.keys(options.upcasters ?? {})) {
    const to = Number(key);
    assert(
      Number.isInteger(to) && to >= 2 && to <= version,
      `event "${type}": an upcaster leads to version ${key}, it must be from 2 to ${version}`,
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
