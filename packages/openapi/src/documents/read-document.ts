/** A document of another maker, from its text: parsed, without circles and examples, and valid against the schema of its version. */
import { createHash } from "node:crypto";
import { isJsonObject, RoostError, type JsonObject, type JsonValue } from "@roost/base";
import type { OpenApiDocument } from "@roost/contract";
import { Validator } from "@seriousme/openapi-schema-validator";
import { parse } from "yaml";

export interface WholeDocument {
  document: OpenApiDocument;
  /** SHA-256 of the text, in hex. */
  hash: string;
}

/** GitHub's, the longest that was tried, has 13 million characters. */
const charsMax = 32 * 1024 * 1024;
/** Uses of YAML anchors: a few lines could otherwise stand for gigabytes. */
const aliasesMax = 10_000;
const complaintsMax = 3;

/** @throws RoostError `invalid_input` for what is no valid OpenAPI 3.0 or 3.1, `limit_exceeded` for what is too long */
export async function readDocument(text: string): Promise<WholeDocument> {
  if (text.length > charsMax)
    throw new RoostError("limit_exceeded", `the document has ${text.length} characters (limit ${charsMax})`);
  const document = withoutExamples(parseText(text)) as OpenApiDocument;
  const version = String(document["openapi"] ?? document["swagger"] ?? "none");
  if (!/^3\.[01](?:\.|$)/.test(version))
    throw new RoostError(
      "invalid_input",
      `the document has the OpenAPI version ${version.slice(0, 40)}: 3.0 and 3.1 are read. Older ones are converted by swagger2openapi`,
    );
  const { valid, errors } = await new Validator({ allErrors: false }).validate(withoutIds(document) as OpenApiDocument);
  if (!valid)
    throw new RoostError("invalid_input", `the document is not valid OpenAPI ${version}: ${listErrors(errors)}`);
  return { document, hash: createHash("sha256").update(text).digest("hex") };
}

function parseText(text: string): JsonObject {
  let value: unknown;
  try {
    // A circle of YAML anchors ends here.
    value = /^\s*\{/.test(text)
      ? JSON.parse(text)
      : JSON.parse(JSON.stringify(parse(text, { maxAliasCount: aliasesMax })));
  } catch (cause) {
    throw new RoostError("invalid_input", `the document is neither JSON nor YAML: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (isJsonObject(value)) return value;
  throw new RoostError("invalid_input", "the document is no object: give an OpenAPI document");
}

/** Names are the document's own below these: a property may be called "example". */
const namedBelow = new Set([
  "properties",
  "schemas",
  "patternProperties",
  "$defs",
  "parameters",
  "responses",
  "headers",
]);

/** Examples are long, are not used, and their content is taken for schemas by validators. */
function withoutExamples(value: JsonValue, isNamed = false): JsonValue {
  if (Array.isArray(value)) return value.map((each) => withoutExamples(each));
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => isNamed || (name !== "example" && name !== "examples"));
  return Object.fromEntries(
    kept.map(([name, each]) => [name, withoutExamples(each, !isNamed && namedBelow.has(name))]),
  );
}

/** A copy, since the validator changes what it is given; it also takes a property called "$id" for the name of a schema. */
function withoutIds(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => name !== "$id");
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutIds(each)]));
}

function listErrors(errors: Awaited<ReturnType<Validator["validate"]>>["errors"]): string {
  if (typeof errors === "string") return errors.slice(0, 500);
  const lines = (errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  return lines.slice(0, complaintsMax).join("; ").slice(0, 500);
}
