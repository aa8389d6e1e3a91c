/** An event type as a value: its name, its topic, and the schema that every event of it obeys. */
import assert from "node:assert/strict";
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
  compatibility?: CompatibilityMode;
}

export interface EventDefinition<Type extends string = string, Schema extends z.ZodObject = z.ZodObject> {
  readonly type: Type;
  readonly version: number;
  readonly topic: string;
  readonly subject: string | undefined;
  readonly schema: Schema;
  readonly compatibility: CompatibilityMode;
}

/** The data of an event of this definition. */
export type EventDataOf<Event extends EventDefinition> = z.output<Event["schema"]>;

export function defineEvent<const Type extends string, Schema extends z.ZodObject>(
  options: EventOptions<Type, Schema>,
): EventDefinition<Type, Schema> {
  const { type, version, topic } = options;
  assert.match(type, /^[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)+$/, `event "${type}": write its type like run.started`);
  assert.match(
    topic,
    /^[a-z][a-z0-9_-]{0,62}$/,
    `event "${type}": the topic "${topic}" must be lower-case letters, digits, - and _`,
  );
  assert.ok(Number.isInteger(version) && version >= 1, `event "${type}": the version ${version} must be 1 or more`);
  return {
    type,
    version,
    topic,
    subject: options.subject,
    schema: options.schema,
    compatibility: options.compatibility ?? "backward_transitive",
  };
}
