/** The operations of a reduced document as calls: their input as one object, and where each of its fields is sent. */
import { jsonObjectOf, type JsonObject } from "@roost/base";
import { readParameters, withDefinitions, type Effect, type OpenApiDocument } from "@roost/contract";
import { describeFiles, describeRaw, multipartMediaType } from "./describe-files.ts";
import { freeName } from "./free-name.ts";

type SentIn = "path" | "query" | "header" | "cookie";

export interface PlacedField {
  /** Of the input. */
  field: string;
  /** As it is sent. */
  name: string;
  place: SentIn;
  style: string | undefined;
  explode: boolean | undefined;
  isJson: boolean;
}

export interface SentBody {
  mediaType: string;
  /** The field that is the whole body; undefined: its fields are those of the input. */
  field: string | undefined;
  fields: readonly string[];
  /** Those that take files: of a form of several parts, or the one that is the whole body. */
  files: readonly string[];
  /** Of a form: how the values of a field are written. */
  encoding: Readonly<Record<string, { style?: string; explode?: boolean }>>;
}

export interface ThirdPartyOperation {
  id: string;
  method: string;
  path: string;
  /** The path of its own server, where that is not the service's. */
  base: string | undefined;
  summary: string;
  description: string;
  effect: Effect;
  /** Whole in itself. */
  input: JsonObject;
  fields: readonly PlacedField[];
  body: SentBody | undefined;
  /** Alternatives, each of schemes that hold together, with the scopes that they take: its own or the document's. */
  security: readonly Readonly<Record<string, readonly string[]>>[];
}

export function describeOperations(document: OpenApiDocument): ThirdPartyOperation[] {
  const schemas = jsonObjectOf(jsonObjectOf(document["components"])["schemas"]);
  return Object.entries(jsonObjectOf(document["paths"])).flatMap(([path, item]) =>
    Object.entries(jsonObjectOf(item)).map(([method, given]) => {
      const described = jsonObjectOf(given);
      const { input, fields, body } = readInput(document, described);
      return {
        id: String(described["operationId"]),
        method: method.toUpperCase(),
        path,
        base: typeof described["x-roost-base"] === "string" ? described["x-roost-base"] : undefined,
        summary: String(described["summary"] ?? ""),
        description: String(described["description"] ?? ""),
        effect: described["x-roost-effect"] as Effect,
        input: withDefinitions(input, schemas),
        fields,
        body,
        security: securityOf(described["security"] ?? document["security"]),
      };
    }),
  );
}

function securityOf(given: unknown): Record<string, string[]>[] {
  if (!Array.isArray(given)) return [];
  return given.map((each) =>
    Object.fromEntries(
      Object.entries(jsonObjectOf(each)).map(([scheme, scopes]) => [
        scheme,
        Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === "string") : [],
      ]),
    ),
  );
}

/** Required fields first: what a model is shown of a long list may be cut. */
function readInput(document: OpenApiDocument, described: JsonObject) {
  const properties = new Map<string, JsonObject>();
  const required = new Set<string>();
  const fields: PlacedField[] = [];
  for (const each of readParameters(document, undefined, described["parameters"])) {
    const { name, in: place, required: isRequired, description, schema, style, explode } = each;
    const field = freeName(plainField(String(name)), properties);
    properties.set(field, {
      ...jsonObjectOf(schema),
      ...(description !== "" && description !== undefined && { description }),
    });
    if (isRequired === true) required.add(field);
    fields.push({
      field,
      name: String(name),
      place: place as SentIn,
      style: typeof style === "string" ? style : undefined,
      explode: typeof explode === "boolean" ? explode : undefined,
      isJson: each["x-roost-json"] === true,
    });
  }
  const body = readBody(document, described, { properties, required });
  const inOrder = [...properties].toSorted(([a], [b]) => Number(required.has(b)) - Number(required.has(a)));
  const input: JsonObject = {
    type: "object",
    properties: Object.fromEntries(inOrder),
    required: [...required],
    additionalProperties: false,
  };
  return { input, fields, body };
}

/** `page[size]` is no name that every provider takes. */
function plainField(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_.-]+/g, "_").replaceAll(/^_+|_+$/g, "");
  return plain.slice(0, 60) || "field";
}

/** JSON, forms and plain text, which has been JSON where it is no text. */
function isOfFields(mediaType: string): boolean {
  return /[/+]json$|^text\/plain$|^application\/x-www-form-urlencoded$|^multipart\/form-data$/.test(mediaType);
}

interface Input {
  properties: Map<string, JsonObject>;
  required: Set<string>;
}

/** Keywords of an object whose fields can stand beside the parameters. */
const plainKeywords = new Set(["type", "properties", "required", "description", "additionalProperties"]);

function readBody(
  document: OpenApiDocument,
  described: JsonObject,
  { properties, required }: Input,
): SentBody | undefined {
  const { content, required: isRequired } = jsonObjectOf(described["requestBody"]);
  const [mediaType] = Object.keys(jsonObjectOf(content));
  if (mediaType === undefined) return undefined;
  const { schema: given, encoding: styles } = jsonObjectOf(jsonObjectOf(content)[mediaType]);
  if (!isOfFields(mediaType)) {
    const field = freeName("body", properties);
    const { schema, isFile } = describeRaw(mediaType, jsonObjectOf(given));
    properties.set(field, schema);
    if (isRequired === true) required.add(field);
    return { mediaType, field, fields: [], files: isFile ? [field] : [], encoding: {} };
  }
  const isMultipart = mediaType === multipartMediaType;
  const written = jsonObjectOf(given);
  const { schema, files } = isMultipart ? describeFiles(document, written) : { schema: written, files: [] };
  const own = Object.entries(jsonObjectOf(schema["properties"]));
  const encoding = jsonObjectOf(styles) as SentBody["encoding"];
  const isPlain =
    own.length > 0 &&
    Object.keys(schema).every((name) => plainKeywords.has(name)) &&
    jsonObjectOf(schema["additionalProperties"]) !== schema["additionalProperties"] &&
    own.every(([name]) => /^[A-Za-z0-9_.$-]{1,64}$/.test(name) && !properties.has(name));
  if (own.length === 0 && schema["type"] === "object" && schema["additionalProperties"] === false) return undefined;
  if (isPlain) {
    for (const [name, each] of own) properties.set(name, jsonObjectOf(each));
    if (Array.isArray(schema["required"]))
      for (const name of schema["required"]) if (typeof name === "string" && properties.has(name)) required.add(name);
    return { mediaType, field: undefined, fields: own.map(([name]) => name), files, encoding };
  }
  const field = freeName("body", properties);
  properties.set(field, mediaType === "text/plain" ? { type: "string", ...schema } : schema);
  if (isRequired === true) required.add(field);
  return { mediaType, field, fields: [], files, encoding };
}
