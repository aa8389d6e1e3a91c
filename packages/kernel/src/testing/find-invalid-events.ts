/**
 * Whether every event in a log matches its registered schema. Events of runs are written by SQL functions without validation, so the test harness
 * checks what tests wrote.
 */
import { createValidator } from "@roost/contract";
import type { JsonObject } from "@roost/base";
import type { Sql } from "@roost/database";
import { readSchemas } from "../log/event-schema.ts";

const complaintsMax = 5;
/** Shown in full up to this length. */
const dataCharsMax = 300;

interface Row {
  id: string;
  type: string;
  version: number;
  data: JsonObject;
}

/** In words; none when all is well. */
export async function findInvalidEvents(sql: Sql): Promise<string[]> {
  const events = await sql.query<Row>("select id, type, version, data from roost.event");
  const types = new Set(events.map(({ type }) => type));
  if (types.size === 0) return [];
  const validators = new Map(
    (await readSchemas(sql))
      .filter(({ type }) => types.has(type))
      .map(({ type, version, schema }) => [`${type} ${version}`, validatorOf(schema)]),
  );
  const found: string[] = [];
  for (const { id, type, version, data } of events) {
    const complaints = validators.get(`${type} ${version}`)?.(data) ?? [`version ${version} is not registered`];
    if (complaints.length > 0)
      found.push(`event ${id} "${type}": ${complaints.join("; ")} in ${JSON.stringify(data).slice(0, dataCharsMax)}`);
    if (found.length === complaintsMax) break;
  }
  return found;
}

type Validator = ReturnType<typeof createValidator>;

// tidy: the only state of this file, a cache: the tests of a process share schemas, and compiling one takes milliseconds.
const compiled = new Map<string, Validator>();

function validatorOf(schema: Parameters<typeof createValidator>[0]): Validator {
  const text = JSON.stringify(schema);
  const validator = compiled.get(text) ?? createValidator(schema);
  compiled.set(text, validator);
  return validator;
}
