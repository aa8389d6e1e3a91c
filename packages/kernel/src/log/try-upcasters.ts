/**
 * Tries the upcasters of a new version before it is registered: on samples and on the oldest and newest events that are stored, each
 * result has to be valid, the same twice, and made without changing what was given.
 */
import { isDeepStrictEqual } from "node:util";
import { RoostError, type JsonObject } from "@roost/base";
import { createValidator } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { EventSchema, RegisteredSchema } from "./event-schema.ts";
import { readLimitMax } from "./read-events.ts";
import { readLatest, readLog } from "./read-log.ts";
import { isUpcast } from "./refuse-unfit-schema.ts";
import { upcastEvent } from "./upcast-event.ts";

interface Tried {
  version: number;
  data: JsonObject;
  /** For the message. */
  from: string;
}

/** @throws RoostError `conflict` that names the event or sample, and the path in what became of it */
export async function tryUpcasters(
  sql: Sql,
  schema: EventSchema,
  versions: readonly RegisteredSchema[],
): Promise<void> {
  if (!isUpcast(schema) || versions.length === 0) return;
  const what = `event "${schema.type}" version ${schema.version}`;
  const samples = (schema.samples ?? []).map((sample, index): Tried => ({ ...sample, from: `sample ${index}` }));
  for (const sample of samples) refuseWrongSample(what, sample, versions);
  const tried = [...samples, ...(await readStored(sql, schema))];
  const previous = versions.at(-1)!.version;
  if (!tried.some(({ version }) => version === previous)) {
    throw new RoostError(
      "conflict",
      `${what} has an upcaster, but there is no event of version ${previous} to try it on: give the definition samples of it`,
    );
  }
  const validate = createValidator(schema.schema);
  for (const each of tried) tryOne(what, schema, each, validate);
}

function tryOne(
  what: string,
  schema: EventSchema,
  { version, data, from }: Tried,
  validate: (value: unknown) => string[],
): void {
  const refuse = (reason: string) => {
    throw new RoostError("conflict", `${what}: its upcaster makes of ${from} (version ${version}) what ${reason}`, {
      details: { type: schema.type, version: schema.version, from },
    });
  };
  const upcast = (given: JsonObject) =>
    upcastEvent({ type: schema.type, version, data: given }, schema.upcasters ?? {}, schema.version).data;
  const given = structuredClone(data);
  const result = upcast(given);
  if (!isDeepStrictEqual(given, data)) refuse("it should not: it changes the data that it is given");
  if (!isDeepStrictEqual(upcast(given), result)) refuse("is another thing each time: it must be a pure function");
  const complaints = validate(result);
  if (complaints.length > 0) refuse(`the schema refuses: ${complaints.join("; ")}`);
}

function refuseWrongSample(what: string, { version, data, from }: Tried, versions: readonly RegisteredSchema[]): void {
  const row = versions.find((each) => each.version === version);
  const complaints = row === undefined ? [`version ${version} is not registered`] : createValidator(row.schema)(data);
  if (complaints.length > 0)
    throw new RoostError("conflict", `${what}: ${from} is no event of version ${version}: ${complaints.join("; ")}`);
}

async function readStored(sql: Sql, { type, topic, version }: EventSchema): Promise<Tried[]> {
  const read = { topics: [topic], types: [type], limit: readLimitMax };
  const [oldest, newest] = [await readLog(sql, read), await readLatest(sql, read)];
  const events = new Map([...oldest.events, ...newest.events].map((event) => [event.id, event]));
  return [...events.values()]
    .filter((event) => event.version < version)
    .map((event) => ({
      version: event.version,
      data: event.data,
      from: `${event.topic}/${event.partition} offset ${event.offset}`,
    }));
}
