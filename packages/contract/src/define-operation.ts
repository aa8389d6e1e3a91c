/**
 * An operation as a value: what is asked, what is answered, what can go wrong
 * and what it does to the world. Routes, clients, OpenAPI and tools are made
 * from it elsewhere; nothing here does input or output.
 */
import assert from "node:assert/strict";
import type { ErrorCode } from "@roost/base";
import type { z } from "zod";
import { baseTypeOf, isQueryType } from "./query-values.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * What calling twice means: `readonly` changes nothing, `idempotent` changes it once, `queryable` can be asked
 * afterwards whether it happened, `unsafe` can be none of these.
 */
export const effects = ["readonly", "idempotent", "queryable", "unsafe"] as const;
export type Effect = (typeof effects)[number];

export interface OperationOptions<
  Id extends string,
  Input extends z.ZodObject,
  Output extends z.ZodType,
  Stream extends boolean,
> {
  /** Lower camel case, unique among the operations served together. */
  id: Id;
  method: Method;
  /** "/runs/{runId}/cancel": the names in braces are taken from the input. */
  path: string;
  /** One line without a final period. */
  summary: string;
  description?: string;
  /** One object. Path parameters come from the path; the rest from the query string for GET and DELETE, else from a JSON body. */
  input: Input;
  /** What is answered; of a stream, one item of it. */
  output: Output;
  /** What it can fail with beyond bad input, missing authentication and a broken server. */
  errors?: readonly ErrorCode[];
  effect: Effect;
  /** Labels of the content that it answers with. */
  labels?: readonly string[];
  /** Server-sent events instead of one answer. Its input must have `after`, so that it can be resumed. */
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
  readonly labels: readonly string[];
  readonly stream: Stream;
  /** The names in the braces of the path, in order. */
  readonly pathParameters: readonly string[];
}

export type AnyOperation = Operation;

const pathForm = /^(?:\/(?:[a-z0-9-]+|\{[a-z][A-Za-z0-9]*\}))+$/;

/** Checks that the parts agree with each other and fills in what was left out. */
export function defineOperation<
  const Id extends string,
  Input extends z.ZodObject,
  Output extends z.ZodType,
  const Stream extends boolean = false,
>(options: OperationOptions<Id, Input, Output, Stream>): Operation<Id, Input, Output, Stream> {
  const { id, method, path, input, effect } = options;
  const stream = (options.stream ?? false) as Stream;
  assert.match(id, /^[a-z][A-Za-z0-9]*$/, `operation "${id}": write its id in lower camel case`);
  assert.match(path, pathForm, `operation "${id}": the path "${path}" must be like /runs/{runId}/cancel`);
  assert.ok(!options.summary.endsWith("."), `operation "${id}": the summary ends with a period, leave it out`);
  assert.ok(method !== "GET" || effect === "readonly", `operation "${id}": GET must be readonly, it is ${effect}`);
  assert.ok(!stream || method === "GET", `operation "${id}": a stream is read with GET, not ${method}`);
  assert.ok(!stream || "after" in input.shape, `operation "${id}": a stream needs "after" in its input to be resumed`);

  const pathParameters = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  for (const name of pathParameters) {
    const field = input.shape[name];
    assert.ok(field !== undefined, `operation "${id}": the input has no field for {${name}} of its path`);
    assert.ok(
      isQueryType(field) && baseTypeOf(field).def.type !== "array",
      `operation "${id}": {${name}} must be a scalar`,
    );
  }
  if (method === "GET" || method === "DELETE") {
    for (const [name, field] of Object.entries(input.shape)) {
      assert.ok(isQueryType(field), `operation "${id}": "${name}" cannot be written in a query string, use POST`);
    }
  }
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
    labels: options.labels ?? [],
    stream,
    pathParameters,
  };
}
