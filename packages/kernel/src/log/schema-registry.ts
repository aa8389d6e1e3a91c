/**
 * The event types this process knows: those it registered (it writes with exactly these versions) and those that others
 * registered (looked up when they are missed). Owns table event_schema; a schema that breaks its past is refused here,
 * when it is registered, never when it is read.
 */
import { isDeepStrictEqual } from "node:util";
import { RoostError, type JsonObject } from "@roost/base";
import {
  checkCompatibility,
  createValidator,
  toJsonSchema,
  type CompatibilityMode,
  type EventDefinition,
  type JsonSchema,
} from "@roost/contract";
import type { Database, Sql, Transaction } from "@roost/database";
import { createTopic, readTopics, type Topic } from "./topics.ts";

/** What is registered: a definition from code, or the same with a JSON Schema. */
export interface EventSchema {
  type: string;
  version: number;
  topic: string;
  schema: JsonSchema;
  compatibility: CompatibilityMode;
}

export interface RegisteredSchema extends EventSchema {
  registeredAt: Date;
}

export interface KnownSchema extends EventSchema {
  partitionCount: number;
  /** What is wrong with `data`, nothing when it is valid. */
  validate(data: JsonObject): string[];
}

export interface SchemaRegistry {
  /**
   * Registers types for good and makes their topics. Doing it again changes nothing.
   * @throws RoostError `conflict` with the offending path when a schema does not fit its earlier versions
   */
  register(definitions: readonly (EventDefinition | EventSchema)[]): Promise<void>;
  /** The schema that events of this type are written with; undefined if this process does not know it (yet). */
  find(type: string): KnownSchema | undefined;
  /** Whether this process registered the type itself: then no other version replaces it. */
  isOwn(type: string): boolean;
  /** Learns what other processes registered since; `sql`: a transaction that is open anyway. */
  refresh(sql?: Sql): Promise<void>;
  /** Every registered version, as the database has it, by type and version. */
  list(): Promise<RegisteredSchema[]>;
}

export async function openSchemaRegistry(database: Database): Promise<SchemaRegistry> {
  const own = new Set<string>();
  const known = new Map<string, KnownSchema>();
  let refreshing: Promise<void> | undefined;

  const load = async (sql: Sql) => {
    const [rows, topics] = await Promise.all([readSchemas(sql), readTopics(sql)]);
    for (const row of rows) {
      const current = known.get(row.type);
      // Rows come with versions ascending: the newest wins, unless this process writes another.
      if (
        current !== undefined &&
        (own.has(row.type) ? current.version !== row.version : current.version > row.version)
      )
        continue;
      known.set(row.type, toKnown(row, topics, current));
    }
  };
  const refresh = (sql?: Sql) => {
    if (sql !== undefined) return load(sql);
    return (refreshing ??= load(database).finally(() => (refreshing = undefined)));
  };

  await refresh();
  return {
    async register(definitions) {
      const schemas = definitions.map(toEventSchema);
      const registered = await readSchemas(database);
      if (!schemas.every((schema) => registered.some((row) => isSame(row, schema)))) {
        await database.transact((tx) => registerAll(tx, schemas));
      }
      const topics = await readTopics(database);
      for (const schema of schemas) {
        own.add(schema.type);
        known.set(schema.type, toKnown(schema, topics, known.get(schema.type)));
      }
    },
    find: (type) => known.get(type),
    isOwn: (type) => own.has(type),
    refresh,
    list: () => readSchemas(database),
  };
}

async function registerAll(tx: Transaction, schemas: EventSchema[]): Promise<void> {
  // One registration at a time: what is compatible with what is seen must still be so when it is written.
  await tx.query("select pg_advisory_xact_lock(hashtextextended('roost.event_schema', 0))");
  const topics = new Set((await readTopics(tx)).keys());
  const registered = await readSchemas(tx);
  for (const schema of schemas) {
    const versions = registered.filter((row) => row.type === schema.type);
    if (versions.some((row) => isSame(row, schema))) continue;
    refuseUnfit(schema, versions);
    if (!topics.has(schema.topic)) {
      await createTopic(tx, { name: schema.topic });
      topics.add(schema.topic);
    }
    await tx.query(
      "insert into roost.event_schema (type, version, topic, schema, compatibility) values ($1, $2, $3, $4, $5)",
      [schema.type, schema.version, schema.topic, JSON.stringify(schema.schema), schema.compatibility],
    );
    registered.push({ ...schema, registeredAt: new Date(0) });
  }
}

function refuseUnfit(schema: EventSchema, versions: EventSchema[]): void {
  const what = `event "${schema.type}" version ${schema.version}`;
  const newest = versions.at(-1);
  if (newest === undefined) return;
  if (versions.some((row) => row.version === schema.version)) {
    throw new RoostError(
      "conflict",
      `${what} is registered with another schema: give the changed schema version ${newest.version + 1}`,
    );
  }
  if (schema.version < newest.version) {
    throw new RoostError(
      "conflict",
      `${what} is not registered, but version ${newest.version} is: versions are registered in order`,
    );
  }
  if (schema.topic !== newest.topic) {
    throw new RoostError(
      "conflict",
      `${what} names topic "${schema.topic}", earlier versions are in "${newest.topic}": a type stays in its topic`,
    );
  }
  const verdict = checkCompatibility(
    versions.map((row) => row.schema),
    schema.schema,
    schema.compatibility,
  );
  if (verdict.compatible) return;
  throw new RoostError(
    "conflict",
    `${what} is not ${schema.compatibility} compatible at ${verdict.path === "" ? "its root" : verdict.path}: ${verdict.reason}`,
    {
      details: { type: schema.type, version: schema.version, path: verdict.path, reason: verdict.reason },
    },
  );
}

function toEventSchema(definition: EventDefinition | EventSchema): EventSchema {
  const { type, version, topic, compatibility, schema } = definition;
  return { type, version, topic, compatibility, schema: isZod(schema) ? toJsonSchema(schema) : schema };
}

function isZod(schema: EventDefinition["schema"] | JsonSchema): schema is EventDefinition["schema"] {
  return "_zod" in schema;
}

function isSame(a: EventSchema, b: EventSchema): boolean {
  return (
    a.type === b.type &&
    a.version === b.version &&
    a.topic === b.topic &&
    a.compatibility === b.compatibility &&
    isDeepStrictEqual(a.schema, b.schema)
  );
}

function toKnown(
  schema: EventSchema,
  topics: ReadonlyMap<string, Topic>,
  current: KnownSchema | undefined,
): KnownSchema {
  const partitionCount = topics.get(schema.topic)?.partitionCount ?? 1;
  if (current !== undefined && current.version === schema.version) return { ...current, partitionCount };
  let validator: ((value: unknown) => string[]) | undefined;
  // Compiled at the first event: a process knows many types and writes few.
  return { ...schema, partitionCount, validate: (data) => (validator ??= createValidator(schema.schema))(data) };
}

async function readSchemas(sql: Sql): Promise<RegisteredSchema[]> {
  return await sql.query<RegisteredSchema>(
    `select type, version, topic, schema, compatibility, registered_at as "registeredAt" from roost.event_schema order by type, version`,
  );
}
