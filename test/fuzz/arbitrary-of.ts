/** Values that a JSON Schema of a contract allows, and near ones that it does not. Knows the keywords that contracts have. */
import { isJsonObject, jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";
import * as fc from "fast-check";

export interface ArbitraryOptions {
  /** Ids that were seen in answers, by the record that a field refers to. */
  idOf: (record: string) => string | undefined;
}

const depthMax = 6;

/** Definitions are those of the schema itself. */
export function arbitraryOf(schema: JsonObject, options: ArbitraryOptions): fc.Arbitrary<JsonValue> {
  const definitions = jsonObjectOf(schema["$defs"]);
  const resolve = (given: JsonValue | undefined): JsonObject => {
    const { $ref: reference, ...own } = jsonObjectOf(given);
    if (typeof reference !== "string") return own;
    return { ...jsonObjectOf(definitions[reference.slice("#/$defs/".length)]), ...own };
  };
  const of = (given: JsonValue | undefined, depth: number): fc.Arbitrary<JsonValue> => {
    if (depth > depthMax + 4) return fc.constant(null);
    const found = joinAll(resolve(given), resolve);
    if (typeof found["$ref"] === "string" && depth < depthMax) return of(found, depth + 1);
    const record = found["x-roost-ref"];
    const known = typeof record === "string" ? options.idOf(record) : undefined;
    const made = make(found, depth);
    return known === undefined
      ? made
      : fc.oneof({ weight: 3, arbitrary: fc.constant(known) }, { weight: 1, arbitrary: made });
  };
  const make = (found: JsonObject, depth: number): fc.Arbitrary<JsonValue> => {
    if (found["const"] !== undefined) return fc.constant(found["const"]);
    if (Array.isArray(found["enum"])) return fc.constantFrom(...found["enum"]);
    const choices = found["anyOf"] ?? found["oneOf"];
    if (Array.isArray(choices)) return fc.oneof(...choices.map((each) => of(each, depth + 1)));
    const { type } = found;
    if (Array.isArray(type)) return fc.oneof(...type.map((each) => make({ ...found, type: each }, depth)));
    if (type === "object" || found["properties"] !== undefined) return objectOf(found, depth);
    if (type === "array") {
      const minLength = Math.min(numberOf(found["minItems"], 0), 3);
      const maxLength = depth >= depthMax ? 0 : Math.min(numberOf(found["maxItems"], 3), 3);
      return fc.array(of(found["items"], depth + 1), { minLength, maxLength: Math.max(minLength, maxLength) });
    }
    return scalarOf(found);
  };
  const objectOf = (found: JsonObject, depth: number): fc.Arbitrary<JsonValue> => {
    const required = new Set(Array.isArray(found["required"]) ? found["required"] : []);
    const properties = Object.entries(jsonObjectOf(found["properties"])).filter(
      ([name]) => required.has(name) || depth < depthMax,
    );
    const model = Object.fromEntries(properties.map(([name, each]) => [name, of(each, depth + 1)]));
    const known = fc.record(model, {
      requiredKeys: properties.map(([name]) => name).filter((name) => required.has(name)),
    });
    if (!isJsonObject(found["additionalProperties"]) || properties.length > 0) return known;
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), of(found["additionalProperties"], depth + 1), {
      maxKeys: 2,
    });
  };
  return of(schema, 0);
}

/** One schema of those that hold together: fields of all of them. */
function joinAll({ allOf, ...own }: JsonObject, resolve: (given: JsonValue) => JsonObject): JsonObject {
  if (!Array.isArray(allOf)) return own;
  const all = [...allOf.map((each) => joinAll(resolve(each), resolve)), own];
  const required = all.flatMap((each) => (Array.isArray(each["required"]) ? each["required"] : []));
  return {
    ...Object.assign({}, ...all),
    ...(required.length > 0 && { required }),
    ...(all.some((each) => each["properties"] !== undefined) && {
      properties: Object.assign({}, ...all.map((each) => jsonObjectOf(each["properties"]))),
    }),
  };
}

function scalarOf(found: JsonObject): fc.Arbitrary<JsonValue> {
  const { type, format, pattern } = found;
  if (type === "integer" || type === "number") {
    const min = numberOf(found["minimum"] ?? found["exclusiveMinimum"], -1_000);
    const max = numberOf(found["maximum"] ?? found["exclusiveMaximum"], Math.max(min, 1_000));
    const low = Math.ceil(Math.max(min, -(2 ** 31)));
    if (type === "integer") return fc.integer({ min: low, max: Math.max(low, Math.min(max, 2 ** 31 - 1)) });
    return fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
  }
  if (type === "boolean") return fc.boolean();
  if (type === "null") return fc.constant(null);
  if (type !== "string") return fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>;
  if (format === "date-time" || format === "date")
    return fc
      .date({ min: new Date("1971-01-01"), max: new Date("2100-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, format === "date" ? 10 : undefined));
  if (format === "uuid") return fc.uuid();
  const maxLength = Math.min(numberOf(found["maxLength"], 40), 40);
  // A form that says the length too is drawn by itself.
  if (typeof pattern === "string" && found["minLength"] !== undefined) return matching(pattern);
  const plain = fc.string({
    minLength: Math.min(numberOf(found["minLength"], 0), maxLength),
    maxLength,
    unit: "grapheme",
  });
  return typeof pattern === "string" ? fc.oneof(matching(pattern), plain) : plain;
}

/** Not every pattern can be turned around. */
function matching(pattern: string): fc.Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern.replaceAll(/\(\?![^)]*\)/g, ""), "u"), { size: "xsmall" });
  } catch {
    return fc.string({ maxLength: 20 });
  }
}

function numberOf(value: JsonValue | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

/** The value with one thing changed: a field of another type, one left out, or one too many. */
export function spoil(value: JsonObject): fc.Arbitrary<JsonValue> {
  const names = Object.keys(value);
  const other = fc.constantFrom<JsonValue>(
    null,
    "",
    "\u0000",
    "x".repeat(100_001),
    -1,
    1e308,
    0.5,
    true,
    [],
    {},
    [[]],
    { a: { b: 1 } },
  );
  const added = fc.constant<JsonValue>({ ...value, unknownField: 1 });
  if (names.length === 0) return added;
  const name = fc.constantFrom(...names);
  return fc.oneof(
    added,
    fc.tuple(name, other).map(([key, changed]) => ({ ...value, [key]: changed })),
    name.map((key) => Object.fromEntries(Object.entries(value).filter(([each]) => each !== key))),
  );
}
