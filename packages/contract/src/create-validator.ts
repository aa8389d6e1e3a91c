/** Validates values against a JSON Schema that is only known at run time, such as an event's that another program registered. */
import { RoostError } from "@roost/base";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { JsonSchema } from "./to-json-schema.ts";

/** How many errors are listed. */
const complaintsMax = 10;

type Validator = (value: unknown) => string[];

// tidy: the states of this file are only savings: compiling the schema of schemas takes 30 to 100 ms, so it is done once, when it is needed.
let compiler: Ajv2020 | undefined;
// tidy: as the one above.
let compilerWithoutPatterns: Ajv2020 | undefined;
// tidy: a schema takes 1 to 5 ms, and a process that opens many kernels (a rehearsal, a simulation, a test) compiles the same ones again.
const compiled = new WeakMap<JsonSchema, Validator>();

/**
 * Returns a function that lists the errors of a value, each beginning with its path; none when it is valid. A schema object is compiled once, so it
 * must not be changed afterwards. Without patterns every text matches: for schemas of others, whose expressions could take for ever.
 * @throws invalid_input when the schema is invalid
 */
export function createValidator(schema: JsonSchema, { withPatterns = true } = {}): Validator {
  if (!withPatterns) return compile(schema, (compilerWithoutPatterns ??= createCompiler({ withPatterns })));
  const known = compiled.get(schema) ?? compile(schema, (compiler ??= createCompiler({ withPatterns })));
  compiled.set(schema, known);
  return known;
}

function compile(schema: JsonSchema, ajv: Ajv2020): Validator {
  let validate: ReturnType<typeof ajv.compile>;
  try {
    validate = ajv.compile(schema);
  } catch (cause) {
    throw new RoostError("invalid_input", `the JSON Schema is invalid: ${(cause as Error).message}`, { cause });
  } finally {
    ajv.removeSchema(schema); // Otherwise every compiled schema is kept, and a second one with the same $id is refused.
  }
  return (value) => {
    if (validate(value)) return [];
    return (validate.errors ?? []).slice(0, complaintsMax).map(complain);
  };
}

/** An engine that matches everything. */
const noPatterns = Object.assign((_pattern: string, _flags: string) => ({ test: () => true }), {
  code: "() => ({ test: () => true })",
});

function createCompiler({ withPatterns }: { withPatterns: boolean }): Ajv2020 {
  // Optimizing the generated code takes as long as generating it, and V8 does not need it.
  const code = { optimize: false, ...(withPatterns ? {} : { regExp: noPatterns }) };
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    validateFormats: true,
    logger: false,
    code,
  });
  addFormats.default(ajv);
  return ajv;
}

function complain(error: ErrorObject): string {
  const path = error.instancePath
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .join(".");
  const params = error.params as Record<string, unknown>;
  let message = error.message ?? error.keyword;
  if (error.keyword === "additionalProperties")
    message = `unknown field ${JSON.stringify(params["additionalProperty"])}`;
  else if (error.keyword === "required") message = `${JSON.stringify(params["missingProperty"])} is missing`;
  else if (error.keyword === "enum") message = `must be one of ${JSON.stringify(params["allowedValues"])}`;
  else if (error.keyword === "const") message = `must be ${JSON.stringify(params["allowedValue"])}`;
  return path === "" ? message : `${path}: ${message}`;
}
