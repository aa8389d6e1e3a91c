/**
 * Tries the upcasters of a new version before it is registered, on samples and on the oldest and newest stored events: each result must be valid,
 * the same twice, and leave its argument unchanged.
 */
import { isDeepStrictEqual } from "node:util";
import { RoostError, type JsonObject } from "@roost/base";
import { createValidator } from "@roost/contract";
import type { Sql } from "@roost/database";
import { validatorOf, type EventSchema, type RegisteredSchema } from "./event-schema.ts";
import { readLimitMax } from "./read-events.ts";
import { readLatest } from "./read-before.ts";
import { readLog } from "./read-log.ts";
import { isUpcast } from "./refuse-unfit-schema.ts";
import { upcastEvent } from "./upcast-event.ts";

interface Tried {
  version: number;
  data: JsonObject;
  /** For the message. */
  from: string;
}

/** @throws RoostError `conflict` naming the event or sample, and the path in the result */
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
      `${what} has an upcaster, but there is no event of version ${previous} to try it on: add samples to the definition`,
    );
  }
  const validate = validatorOf(schema);
  for (const each of tried) tryOne(what, schema, each, validate);
}

function tryOne(
  what: string,
  schema: EventSchema,
  { version, data, from }: Tried,
  validate: (data: JsonObject) => string[],
): void {
  const refuse = (reason: string) => {
    throw new RoostError("conflict", `${what}: its upcaster turns ${from} (version ${version}) into what ${reason}`, {
      details: { type: schema.type, version: schema.version, from },
    });
  };
  const upcast = (given: JsonObject) =>
    upcastEvent({ type: schema.type, version, data: given }, schema.upcasters ?? {}, schema.version).data;
  const given = structuredClone(data);
  const result = upcast(given);
  if (!isDeepStrictEqual(given, data)) refuse("is not allowed: it changes its argument");
  if (!isDeepStrictEqual(upcast(given), result)) refuse("differs each time: it must be a pure function");
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
