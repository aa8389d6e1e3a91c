/**
 * The event types this process knows: those it registered (it writes exactly these versions) and those of others (looked up on demand). Owns table
 * event_schema; an incompatible schema is refused when it is registered, never when it is read.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "@roost/base";
import { listComplaints, toJsonSchema, type EventDefinition, type JsonSchema } from "@roost/contract";
import type { Database, Sql, Transaction } from "@roost/database";
import { readSchemas, validatorOf, type EventSchema, type KnownSchema, type RegisteredSchema } from "./event-schema.ts";
import { isSameSchema, isUpcast, refuseMissingUpcasters, refuseUnfitSchema } from "./refuse-unfit-schema.ts";
import { createTopic, readTopics, type Topic } from "./topics.ts";
import { tryUpcasters } from "./try-upcasters.ts";
import { upcastEvent, type Versioned } from "./upcast-event.ts";

export interface SchemaRegistry {
  /**
   * Registers types and creates their topics. Repeating it changes nothing.
   * @throws RoostError `conflict` with the offending path when a schema does not fit its earlier versions and has no upcaster
   */
  register(definitions: readonly (EventDefinition | EventSchema)[]): Promise<void>;
  /** The schema for writing events of this type; undefined if this process does not know it (yet). */
  find(type: string): KnownSchema | undefined;
  /** Those that are known by now. */
  types(): string[];
  /** Whether this process registered the type itself, so that no other version replaces it. */
  isOwn(type: string): boolean;
  /** Reads what other processes registered; `sql`: an open transaction to use. */
  refresh(sql?: Sql): Promise<void>;
  /** Every registered version in the database, by type and version. */
  list(): Promise<RegisteredSchema[]>;
  /** What register would say of a schema, without changing anything. @throws as register does */
  check(definition: EventDefinition | EventSchema): Promise<void>;
  /** Digest templates by type, of each type's newest version. */
  digests(): ReadonlyMap<string, { topic: string; template: string }>;
  /** Converts events to the versions that this process registered; others are returned unchanged. */
  upcast<Event extends Versioned>(events: Event[]): Event[];
}

export async function openSchemaRegistry(database: Database): Promise<SchemaRegistry> {
  const own = new Set<string>();
  const known = new Map<string, KnownSchema>();
  /** Own types with upcasters: most have none, and reading must not cost anything for them. */
  const upcasting = new Map<string, EventSchema>();
  const digests = new Map<string, { topic: string; template: string }>();
  let refreshing: Promise<void> | undefined;

  const load = async (sql: Sql) => {
    // One after the other: a process that only begins opens no second connection for it.
    const rows = await readSchemas(sql);
    const topics = await readTopics(sql);
    for (const row of rows) {
      if (row.digest != null) digests.set(row.type, { topic: row.topic, template: row.digest });
      const current = known.get(row.type);
      // Rows are in ascending versions: the newest wins, unless this process writes another.
      if (
        current !== undefined &&
        (own.has(row.type) ? current.version !== row.version : current.version > row.version)
      )
        continue;
      known.set(row.type, toKnown(row, topics, current));
    }
    return { rows, topics };
  };
  const refresh = async (sql?: Sql) => {
    if (sql !== undefined) await load(sql);
    else
      await (refreshing ??= load(database)
        .then(() => undefined)
        .finally(() => (refreshing = undefined)));
  };

  // What is registered right after the opening need not be read again.
  let found: { rows: RegisteredSchema[]; topics: Map<string, Topic> } | undefined = await load(database);
  return {
    async register(definitions) {
      const schemas = definitions.map(toEventSchema);
      const justRead = found;
      found = undefined;
      const registered = justRead?.rows ?? (await readSchemas(database));
      for (const schema of schemas) refuseMissingUpcasters(schema, versionsOf(registered, schema));
      const isRegistered = schemas.every((schema) => registered.some((row) => isSameSchema(row, schema)));
      if (!isRegistered) await database.transact((tx) => registerAll(tx, schemas));
      await storeDigests(database, schemas, registered);
      const topics = (isRegistered && justRead?.topics) || (await readTopics(database));
      for (const schema of schemas) {
        own.add(schema.type);
        if (schema.digest != null) digests.set(schema.type, { topic: schema.topic, template: schema.digest });
        if (Object.keys(schema.upcasters ?? {}).length > 0) upcasting.set(schema.type, schema);
        else upcasting.delete(schema.type);
        known.set(schema.type, toKnown(schema, topics));
      }
    },
    find: (type) => known.get(type),
    types: () => [...known.keys()],
    isOwn: (type) => own.has(type),
    refresh,
    list: () => readSchemas(database),
    digests: () => digests,
    check: async (definition) => {
      const schema = toEventSchema(definition);
      const versions = await readSchemas(database, schema.type);
      if (!versions.some((row) => isSameSchema(row, schema))) await refuseUnfit(database, schema, versions);
    },
    upcast: (events) => {
      if (upcasting.size === 0) return events;
      return events.map((event) => {
        const schema = upcasting.get(event.type);
        return schema === undefined ? event : upcastEvent(event, schema.upcasters ?? {}, schema.version);
      });
    },
  };
}

/** Wording, not schema: may change without a new version. */
async function storeDigests(
  sql: Sql,
  schemas: readonly EventSchema[],
  registered: readonly RegisteredSchema[],
): Promise<void> {
  for (const { type, version, digest } of schemas) {
    const known = registered.find((row) => row.type === type && row.version === version)?.digest ?? undefined;
    if (digest == null || known === digest) continue;
    await sql.query("update roost.event_schema set digest = $3 where type = $1 and version = $2", [
      type,
      version,
      digest,
    ]);
  }
}

async function registerAll(tx: Transaction, schemas: EventSchema[]): Promise<void> {
  // One registration at a time: what was found compatible must still be so when it is written.
  await tx.query("select pg_advisory_xact_lock(hashtextextended('roost.event_schema', 0))");
  const topics = new Set((await readTopics(tx)).keys());
  const registered = await readSchemas(tx);
  for (const schema of schemas) {
    const versions = versionsOf(registered, schema);
    if (versions.some((row) => isSameSchema(row, schema))) continue;
    await refuseUnfit(tx, schema, versions);
    if (!topics.has(schema.topic)) {
      await createTopic(tx, { name: schema.topic });
      topics.add(schema.topic);
    }
    await tx.query(
      `insert into roost.event_schema (type, version, topic, schema, compatibility, is_upcast, content_id) values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        schema.type,
        schema.version,
        schema.topic,
        JSON.stringify(schema.schema),
        schema.compatibility,
        isUpcast(schema),
        createHash("sha256").update(canonicalJson(schema.schema)).digest("hex"),
      ],
    );
    registered.push({ ...schema, isUpcast: isUpcast(schema), registeredAt: new Date(0) });
  }
}

async function refuseUnfit(sql: Sql, schema: EventSchema, versions: readonly RegisteredSchema[]): Promise<void> {
  refuseMissingUpcasters(schema, versions);
  refuseUnfitSchema(schema, versions);
  await tryUpcasters(sql, schema, versions);
}

function versionsOf(registered: readonly RegisteredSchema[], { type }: EventSchema): RegisteredSchema[] {
  return registered.filter((row) => row.type === type);
}

/** What a definition registers. */
export function toEventSchema(definition: EventDefinition | EventSchema): EventSchema {
  const { type, version, topic, compatibility, schema, upcasters, samples, digest } = definition;
  return {
    type,
    version,
    topic,
    compatibility,
    upcasters,
    samples,
    digest,
    schema: isZod(schema) ? jsonSchemaOf(schema) : schema,
    validate: isZod(schema) ? (data) => listComplaints(schema, data) : undefined,
  };
}

// tidy: the only state of this file, a cache: Roost's own types take 10 ms per kernel of a process.
const jsonSchemas = new WeakMap<EventDefinition["schema"], JsonSchema>();

function jsonSchemaOf(schema: EventDefinition["schema"]): JsonSchema {
  const json = jsonSchemas.get(schema) ?? toJsonSchema(schema);
  jsonSchemas.set(schema, json);
  return json;
}

function isZod(schema: EventDefinition["schema"] | JsonSchema): schema is EventDefinition["schema"] {
  return "_zod" in schema;
}

function toKnown(schema: EventSchema, topics: ReadonlyMap<string, Topic>, current?: KnownSchema): KnownSchema {
  const partitionCount = topics.get(schema.topic)?.partitionCount ?? 1;
  if (current !== undefined && current.version === schema.version) return { ...current, partitionCount };
  return { ...schema, partitionCount, validate: validatorOf(schema) };
}
