/** What is registered of an event type: types, and the rows of event_schema. */
import type { JsonFields } from "@roost/base";
import {
  createValidator,
  type CompatibilityMode,
  type EventSample,
  type JsonSchema,
  type Upcasters,
} from "@roost/contract";
import type { Sql } from "@roost/database";

/** A registered schema: a definition from code with its JSON Schema. */
export interface EventSchema {
  type: string;
  version: number;
  topic: string;
  schema: JsonSchema;
  compatibility: CompatibilityMode;
  digest?: string | null | undefined;
  upcasters?: Upcasters | undefined;
  samples?: readonly EventSample[] | undefined;
  /** Of a type of this program, by zod. Types of others are validated by their JSON Schema. */
  validate?: ((data: JsonFields) => string[]) | undefined;
}

export interface RegisteredSchema {
  type: string;
  version: number;
  topic: string;
  schema: JsonSchema;
  compatibility: CompatibilityMode;
  /** Data of earlier versions is converted by an upcaster. */
  isUpcast: boolean;
  digest?: string | null | undefined;
  registeredAt: Date;
}

export interface KnownSchema extends EventSchema {
  partitionCount: number;
  /** Returns the errors of `data`; none when it is valid. */
  validate(data: JsonFields): string[];
}

/** Compiles the JSON Schema of a type of others at the first event: a process knows many and writes few. */
export function validatorOf({ validate, schema }: EventSchema): (data: JsonFields) => string[] {
  return validate ?? ((data) => createValidator(schema)(data));
}

/** By type and version. */
export async function readSchemas(sql: Sql, type?: string): Promise<RegisteredSchema[]> {
  return await sql.query<RegisteredSchema>(
    `select type, version, topic, schema, compatibility, is_upcast as "isUpcast", digest, registered_at as "registeredAt"
     from roost.event_schema where $1::text is null or type = $1 order by type, version`,
    [type ?? null],
  );
}

/** What names each registered schema by its content: the SHA-256 of its canonical JSON. */
export async function readSchemaIds(sql: Sql): Promise<{ type: string; version: number; contentId: string | null }[]> {
  return await sql.query(`select type, version, content_id as "contentId" from roost.event_schema`);
}
