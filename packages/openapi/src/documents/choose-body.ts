/** The body of an operation: which of its media types is sent, how, and its schema as one object where it is one. */
import { jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";
import { resolveReference, type OpenApiDocument } from "@roost/contract";
import { isTextType, multipartMediaType } from "../describe-files.ts";
import type { SchemaCleaner } from "./create-schema-cleaner.ts";

const formMediaType = "application/x-www-form-urlencoded";

/** The one way to send a body, as text or a file where it is nothing of fields; undefined: it has none. */
export function chooseBody(
  document: OpenApiDocument,
  given: JsonValue | undefined,
  { clean }: SchemaCleaner,
): JsonObject | undefined {
  if (given === undefined) return undefined;
  const { content, required } = resolveReference(document, given);
  const mediaTypes = Object.keys(jsonObjectOf(content));
  const plainOf = (mediaType: string) => mediaType.split(";")[0]!.trim().toLowerCase();
  const chosen =
    mediaTypes.find((each) => plainOf(each) === "application/json") ??
    mediaTypes.find((each) => plainOf(each).endsWith("+json")) ??
    mediaTypes.find((each) => plainOf(each) === formMediaType) ??
    mediaTypes.find((each) => plainOf(each) === multipartMediaType) ??
    mediaTypes.find((each) => plainOf(each) === "text/plain") ??
    mediaTypes.find((each) => isTextType(plainOf(each))) ??
    mediaTypes[0];
  if (chosen === undefined) return undefined;
  const { schema, encoding } = jsonObjectOf(jsonObjectOf(content)[chosen]);
  const styles = Object.entries(jsonObjectOf(encoding)).map(
    ([name, each]) => [name, styleOf(jsonObjectOf(each))] as const,
  );
  return {
    required: required === true,
    content: {
      [plainOf(chosen)]: {
        schema: mergeTop(document, clean, schema),
        ...(styles.length > 0 && { encoding: Object.fromEntries(styles) }),
      },
    },
  };
}

function styleOf({ style, explode }: JsonObject): JsonObject {
  return { ...(style !== undefined && { style }), ...(explode !== undefined && { explode }) };
}

/** The object itself instead of a reference to it, so that its fields become those of the call; several that all hold as one. */
function mergeTop(document: OpenApiDocument, clean: SchemaCleaner["clean"], schema: JsonValue | undefined): JsonObject {
  const resolved = resolveReference(document, schema);
  const { allOf, ...own } = clean(resolved);
  if (!Array.isArray(allOf)) return own;
  const all = resolved["allOf"] as JsonValue[];
  const parts = [own, ...all.map((each) => clean(resolveReference(document, each)))];
  const isPlain = parts.every((part) =>
    Object.keys(part).every((name) => ["type", "properties", "required", "description"].includes(name)),
  );
  if (!isPlain) return { ...own, allOf };
  const required = parts.flatMap((part) => (Array.isArray(part["required"]) ? part["required"] : []));
  const properties = Object.assign({}, ...parts.map((part) => jsonObjectOf(part["properties"]))) as JsonObject;
  return { type: "object", properties, required: [...new Set(required)] };
}
