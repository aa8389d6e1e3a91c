/** An operation as a value: input, output, errors and effect. Routes, clients, OpenAPI and tools are made from it elsewhere; no I/O here. */
import { assert, type ErrorCode, type JsonValue } from "@roost/base/browser";
import type { z } from "zod";
import { contentOf, type ContentRules } from "./content.ts";
import type { PrincipalKind } from "./principal.ts";
import { baseTypeOf, isQueryType } from "./query-values.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * What a second call means: `readonly` changes nothing, `idempotent` changes it once, `queryable` can be asked afterwards whether it happened,
 * `unsafe` none of these.
 */
export const effects = ["readonly", "idempotent", "queryable", "unsafe"] as const;
export type Effect = (typeof effects)[number];

/**
 * What an operation needs beside the database and the object store: `home`, the home's own machine, with its disk, its settings and the rights of the home's
 * user in the database. A gateway on another host refuses it.
 */
export type OperationNeed = "home";

/** Who may call it. Defaults follow from the operation and its service. */
export interface OperationAccess {
  /** `<area>:<verb>` within the service. Default: the first tag and `read` or `write`. */
  scope?: string;
  /** The kinds of callers that may call it. Default: the service's. */
  audience?: readonly PrincipalKind[];
  /** The person decides here what others asked for: it is no tool of a model, in whosever name that calls. */
  isDecision?: boolean;
}

/** An example call, for documents and tools. */
export interface Example {
  summary: string;
  input: Readonly<Record<string, unknown>>;
  output?: unknown;
}

/** How a record's revision maps to ETag and If-Match. */
export interface Revision {
  /** Path in the answer: `job.version`. */
  of: string;
  /** The input field set by If-Match. */
  expected?: string;
}

export interface OperationOptions<
  Id extends string,
  Input extends z.ZodObject,
  Output extends z.ZodType,
  Stream extends boolean,
> {
  /** Lower camel case, unique among the operations served together. */
  id: Id;
  method: Method;
  /** "/runs/{runId}/cancel": names in braces are input fields. */
  path: string;
  /** One line without a final period. */
  summary: string;
  description?: string;
  /** An object. Path parameters come from the path, the rest from the query string for GET and DELETE, else from a JSON body. */
  input: Input;
  /** The answer; for a stream, one item. */
  output: Output;
  /** Error codes beyond invalid input, missing authentication and server errors. */
  errors?: readonly ErrorCode[];
  effect: Effect;
  /** For `queryable`: the readonly operation that tells whether it happened; its required fields must be fields of this one. */
  query?: AnyOperation | undefined;
  access?: OperationAccess;
  /** Default: nothing, so that every gateway answers it. */
  needs?: OperationNeed;
  /** Groups in the document. Default: the first path segment. */
  tags?: readonly string[];
  examples?: readonly Example[];
  revision?: Revision;
  /** Labels of the content it returns. */
  labels?: readonly string[] | undefined;
  /** Its answer holds a secret: it is not kept for a second call with the same idempotency key. */
  answersSecret?: boolean;
  /** Server-sent events instead of one answer. The input must have `after` to be resumable. */
  stream?: Stream;
}

export interface Operation<
  Id extends string = string,
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
  Stream extends boolean = boolean,
> {
  readonly id: Id;
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly input: Input;
  readonly output: Output;
  readonly errors: readonly ErrorCode[];
  readonly effect: Effect;
  readonly query: AnyOperation | undefined;
  readonly access: {
    readonly scope: string;
    readonly audience: readonly PrincipalKind[] | undefined;
    readonly isDecision: boolean;
  };
  readonly needs: OperationNeed | undefined;
  readonly tags: readonly string[];
  readonly examples: readonly Example[];
  readonly revision: Revision | undefined;
  readonly labels: readonly string[];
  readonly answersSecret: boolean;
  readonly stream: Stream;
  /** The parameter names of the path, in order. */
  readonly pathParameters: readonly string[];
  /** The input field that is the raw body, instead of JSON. */
  readonly contentField: string | undefined;
  /** The non-JSON content it returns. */
  readonly answersContent: ContentRules | undefined;
}

export type AnyOperation = Operation;

const pathForm = /^(?:\/(?:[a-z0-9-]+|\{[a-z][A-Za-z0-9]*\}))+$/;

/** Checks an operation's consistency and fills in defaults. */
export function defineOperation<
  const Id extends string,
  Input extends z.ZodObject,
  Output extends z.ZodType,
  const Stream extends boolean = false,
>(options: OperationOptions<Id, Input, Output, Stream>): Operation<Id, Input, Output, Stream> {
  const { id, method, path, input, effect } = options;
  const stream = (options.stream ?? false) as Stream;
  assert(/^[a-z][A-Za-z0-9]*$/.test(id), `operation "${id}": write its id in lower camel case`);
  assert(pathForm.test(path), `operation "${id}": the path "${path}" must be like /runs/{runId}/cancel`);
  assert(!options.summary.endsWith("."), `operation "${id}": the summary ends with a period: remove it`);
  assert(method !== "GET" || effect === "readonly", `operation "${id}": GET must be readonly, but it is ${effect}`);
  assert(!stream || method === "GET", `operation "${id}": a stream is read with GET, not ${method}`);
  assert(!stream || "after" in input.shape, `operation "${id}": a stream needs "after" in its input to be resumable`);
  checkQuery(options);
  checkRevision(options);

  const pathParameters = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  for (const name of pathParameters) {
    const field = input.shape[name];
    assert(field !== undefined, `operation "${id}": the input has no field for {${name}} of its path`);
    assert(
      isQueryType(field) && baseTypeOf(field).def.type !== "array",
      `operation "${id}": {${name}} must be a scalar`,
    );
  }
  const contentField = Object.keys(input.shape).find((name) => contentOf(input.shape[name] as z.ZodType) !== undefined);
  assert(
    contentField === undefined || method === "POST" || method === "PUT",
    `operation "${id}": ${method} takes no content`,
  );
  if (method === "GET" || method === "DELETE" || contentField !== undefined) {
    for (const [name, field] of Object.entries(input.shape)) {
      assert(
        name === contentField || isQueryType(field),
        `operation "${id}": "${name}" cannot be written in a query string, use POST`,
      );
    }
  }
  const tags = options.tags ?? [path.split("/")[1] ?? ""];
  return {
    id,
    method,
    path,
    summary: options.summary,
    description: options.description,
    input,
    output: options.output,
    errors: options.errors ?? [],
    effect,
    query: options.query,
    access: {
      scope: options.access?.scope ?? `${tags[0]}:${effect === "readonly" ? "read" : "write"}`,
      audience: options.access?.audience,
      isDecision: options.access?.isDecision ?? false,
    },
    needs: options.needs,
    tags,
    examples: options.examples ?? [],
    revision: options.revision,
    labels: options.labels ?? [],
    answersSecret: options.answersSecret ?? false,
    stream,
    pathParameters,
    contentField,
    answersContent: contentOf(options.output),
  };
}

type Checked = Pick<
  OperationOptions<string, z.ZodObject, z.ZodType, boolean>,
  "id" | "effect" | "query" | "input" | "revision"
>;

function checkQuery({ id, effect, query, input }: Checked): void {
  assert(
    (query !== undefined) === (effect === "queryable"),
    `operation "${id}": exactly the queryable operations name the operation that queries them`,
  );
  if (query === undefined) return;
  assert(query.effect === "readonly", `operation "${id}": its query ${query.id} must be readonly`);
  for (const [name, field] of Object.entries(query.input.shape)) {
    const isOptional = (field as z.ZodType).safeParse(undefined).success;
    assert(
      isOptional || name in input.shape,
      `operation "${id}": its query ${query.id} needs ${name}, which it does not have`,
    );
  }
}

function checkRevision({ id, revision, input }: Checked): void {
  const expected = revision?.expected;
  assert(
    expected === undefined || expected in input.shape,
    `operation "${id}": the input has no field ${expected} for If-Match`,
  );
}

/** Examples that the operation itself takes. Tried where they are told: at each definition it would cost every start of a process 40 ms. */
export function checkedExamples({ id, input, examples }: AnyOperation): JsonValue {
  for (const { summary, input: given } of examples) {
    const { error } = input.safeParse(given);
    assert(error === undefined, `operation "${id}": its example "${summary}" is invalid: ${error?.message}`);
  }
  return [...examples] as unknown as JsonValue;
}
