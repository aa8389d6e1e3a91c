/** A schema's keys as a Markdown table: type, default, meaning. */
import { formatDurationMs, jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";

export interface DescribeKeysOptions {
  /** Written names of fields in milliseconds. */
  durations?: Readonly<Record<string, string>>;
  /** Fields of the schema that people do not write. */
  leftOut?: readonly string[];
}

interface Row {
  key: string;
  type: string;
  standard: string;
  meaning: string;
}

/** `schema`: JSON Schema of what is given. */
export function describeKeys(schema: JsonObject, options: DescribeKeysOptions = {}): string {
  const rows = rowsOf(schema, { ...options, root: schema, prefix: "" });
  const lines = rows.map(
    ({ key, type, standard, meaning }) => `| \`${key}\` | ${cell(type)} | ${cell(standard)} | ${cell(meaning)} |`,
  );
  return ["| key | type | default | meaning |", "|---|---|---|---|", ...lines].join("\n");
}

interface Place extends DescribeKeysOptions {
  root: JsonObject;
  prefix: string;
}

function rowsOf(given: JsonObject, place: Place): Row[] {
  const schema = resolve(given, place.root);
  const rows: Row[] = [];
  const required = new Set(listOf(schema["required"]));
  for (const [name, value] of Object.entries(jsonObjectOf(schema["properties"]))) {
    if (place.prefix === "" && place.leftOut?.includes(name) === true) continue;
    const field = resolve(jsonObjectOf(value), place.root);
    const written = place.durations?.[name];
    const key = `${place.prefix}${written ?? name}`;
    const isLength = written !== undefined || isDuration(field);
    rows.push({
      key,
      type: isLength ? "duration" : typeOf(field, place.root),
      standard: required.has(name) ? "required" : defaultOf(field["default"], isLength),
      meaning: typeof field["description"] === "string" ? field["description"] : "",
    });
    rows.push(...innerRows(field, { ...place, prefix: key }));
  }
  return rows;
}

/** The keys below a field: of an object, a map's values, a list's items, each alternative. */
function innerRows(field: JsonObject, place: Place): Row[] {
  const below = (schema: JsonObject, step: string) => rowsOf(schema, { ...place, prefix: `${place.prefix}${step}` });
  const choices = [...listOf(field["oneOf"]), ...listOf(field["anyOf"])].map((each) =>
    resolve(jsonObjectOf(each), place.root),
  );
  const kinds = choices.filter((choice) => kindOf(choice) !== undefined);
  if (kinds.length > 0)
    return kinds.flatMap((choice) =>
      below({ ...choice, properties: without(jsonObjectOf(choice["properties"]), "kind") }, `[${kindOf(choice)}].`),
    );
  if (field["properties"] !== undefined) return below(field, ".");
  const items = resolve(jsonObjectOf(field["items"]), place.root);
  if (Object.keys(items).length > 0) return innerRows(items, { ...place, prefix: `${place.prefix}[]` });
  const values = resolve(jsonObjectOf(field["additionalProperties"]), place.root);
  return Object.keys(values).length > 0 ? innerRows(values, { ...place, prefix: `${place.prefix}.NAME` }) : [];
}

function typeOf(field: JsonObject, root: JsonObject): string {
  if (field["const"] !== undefined) return JSON.stringify(field["const"]);
  const values = listOf(field["enum"]);
  if (values.length > 0) return values.map((value) => `\`${String(value)}\``).join(", ");
  const choices = [...listOf(field["oneOf"]), ...listOf(field["anyOf"])].map((each) =>
    resolve(jsonObjectOf(each), root),
  );
  const kinds = choices.map(kindOf).filter((kind) => kind !== undefined);
  if (kinds.length > 0) return `one with a \`kind\`: ${kinds.map((kind) => `\`${kind}\``).join(", ")}`;
  if (choices.length > 0) return [...new Set(choices.map((choice) => typeOf(choice, root)))].join(" or ");
  if (field["type"] === "array") return `list of ${plural(typeOf(resolve(jsonObjectOf(field["items"]), root), root))}`;
  if (field["type"] === "object") return field["properties"] === undefined ? "keys and values" : "keys";
  const type = field["type"] === "string" ? "text" : field["type"] === "boolean" ? "true or false" : "number";
  return `${type}${rangeOf(field)}`;
}

function plural(type: string): string {
  return type === "text" ? "texts" : type;
}

/** Bounds worth showing; those of whole numbers as such are not. */
function rangeOf({ type, minimum, maximum }: JsonObject): string {
  if (type === "string") return "";
  const upper = typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER / 1_000 ? maximum : undefined;
  if (typeof minimum === "number" && upper !== undefined) return ` from ${minimum} to ${upper}`;
  return typeof minimum === "number" && minimum > 0 ? ` from ${minimum}` : "";
}

function defaultOf(value: JsonValue | undefined, isLength: boolean): string {
  // An object's keys show their own.
  if (value === undefined || (typeof value === "object" && !Array.isArray(value))) return "";
  return isLength && typeof value === "number" ? `\`${formatDurationMs(value)}\`` : `\`${JSON.stringify(value)}\``;
}

function isDuration(field: JsonObject): boolean {
  const types = listOf(field["anyOf"]).map((each) => jsonObjectOf(each)["type"]);
  return types.length === 2 && types[0] === "string" && (types[1] === "number" || types[1] === "integer");
}

function kindOf(choice: JsonObject): string | undefined {
  const kind = jsonObjectOf(jsonObjectOf(choice["properties"])["kind"])["const"];
  return typeof kind === "string" ? kind : undefined;
}

function resolve(schema: JsonObject, root: JsonObject): JsonObject {
  const name = typeof schema["$ref"] === "string" ? /^#\/\$defs\/(.+)$/.exec(schema["$ref"])?.[1] : undefined;
  if (name === undefined) return schema;
  const { $ref: _reference, ...beside } = schema;
  return { ...jsonObjectOf(jsonObjectOf(root["$defs"])[name]), ...beside };
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}

function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}
