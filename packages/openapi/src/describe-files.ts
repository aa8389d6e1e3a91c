/** Files in a form of several parts: fields that hold bytes are given as ids of parts, which only name what a run may know. */
import { isJsonObject, jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";
import { resolveReference, type OpenApiDocument } from "@roost/contract";

export const multipartMediaType = "multipart/form-data";

/** Ids and not names: what a person approved stays what is sent. */
export const fileIdPattern = "^#?[0-9a-f]{12,64}$";
const filesMax = 20;

/** The schema of the form with ids in the place of bytes, and the names of its fields that take files. */
export function describeFiles(document: OpenApiDocument, schema: JsonObject): { schema: JsonObject; files: string[] } {
  const properties = Object.entries(jsonObjectOf(schema["properties"]));
  const replaced = properties.map(([name, each]) => [name, each, fileSchemaOf(document, each)] as const);
  return {
    schema: {
      ...schema,
      ...(properties.length > 0 && {
        properties: Object.fromEntries(replaced.map(([name, each, file]) => [name, file ?? each])),
      }),
    },
    files: replaced.flatMap(([name, , file]) => (file === undefined ? [] : [name])),
  };
}

/** What is written as text, and no file. */
export function isTextType(mediaType: string): boolean {
  return /^text\/[^*]|[/+](?:xml|yaml|x-yaml|csv|graphql|javascript)$/.test(mediaType);
}

/** A body that is one text or one file, whatever its document says of its bytes. */
export function describeRaw(mediaType: string, { description }: JsonObject): { schema: JsonObject; isFile: boolean } {
  const about = typeof description === "string" && description !== "" ? `${description} ` : "";
  if (isTextType(mediaType))
    return { schema: { type: "string", description: `${about}As ${mediaType}` }, isFile: false };
  return { schema: describeId(`${about}Sent as ${mediaType}.`), isFile: true };
}

/** Undefined: it takes no file. */
function fileSchemaOf(document: OpenApiDocument, given: JsonValue): JsonObject | undefined {
  const schema = resolveReference(document, given);
  const { type, description, items } = schema;
  if (isFile(schema)) return describeId(description);
  if (type === "array" && isJsonObject(items) && isFile(resolveReference(document, items)))
    return { type: "array", items: describeId(description), minItems: 1, maxItems: filesMax };
  const [word] = ["anyOf", "oneOf"].filter((each) => Array.isArray(schema[each]));
  if (word === undefined) return undefined;
  const alternatives = (schema[word] as JsonValue[]).map((each) => [each, fileSchemaOf(document, each)] as const);
  if (alternatives.every(([, file]) => file === undefined)) return undefined;
  return { anyOf: alternatives.map(([each, file]) => file ?? each) };
}

/** OpenAPI 3.0 says it by a format, 3.1 by the media type of a text that is not encoded. */
function isFile({ type, format, contentMediaType, contentEncoding }: JsonObject): boolean {
  if (type !== "string") return false;
  return format === "binary" || (contentMediaType !== undefined && contentEncoding === undefined);
}

function describeId(description: JsonValue | undefined): JsonObject {
  const words = "A file: the id of a part of this conversation, as in #0123456789ab";
  const about = typeof description === "string" && description !== "" ? `${description} ` : "";
  return { type: "string", pattern: fileIdPattern, description: about + words };
}
