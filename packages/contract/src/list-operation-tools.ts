/**
 * The operations of a service as tools: a model's list, a server of the Model Context Protocol. Says nothing of how they are
 * called; that is `callOperation` with the operation.
 */
import { jsonObjectOf, type JsonObject } from "@roost/base/browser";
import type { OpenApiDocument } from "./create-open-api.ts";
import { createValidator } from "./create-validator.ts";
import type { Effect } from "./define-operation.ts";
import type { PrincipalKind } from "./principal.ts";
import { readOpenApi, type DescribedOperation } from "./read-open-api.ts";

export interface OperationTool {
  /** `garden_addPlant`: at most 64 of a-z A-Z 0-9 _ -, as providers of models and servers of tools take it. */
  name: string;
  description: string;
  /** JSON Schema 2020-12, whole in itself. */
  inputSchema: JsonObject;
  /** One message per fault; empty means valid. */
  validate: (input: unknown) => string[];
  effect: Effect;
  /** Of its answers. */
  labels: readonly string[];
  /** Words of its domain with what they mean. */
  vocabulary: Readonly<Record<string, string>>;
  operation: DescribedOperation;
  /** For `queryable`: the operation that tells whether it happened. */
  query: DescribedOperation | undefined;
}

export interface OperationToolsOptions {
  service: string;
  title: string;
  /** Who is to call them: what its kind may not call is left out. */
  kind: PrincipalKind;
}

const nameCharsMax = 64;

export function listOperationTools(
  document: OpenApiDocument,
  { service, title, kind }: OperationToolsOptions,
): OperationTool[] {
  const operations = readOpenApi(document);
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const vocabulary = jsonObjectOf(document["x-roost-vocabulary"]) as Readonly<Record<string, string>>;
  return operations
    .filter(({ id, isDecision }) => !isDecision && `${service}_${id}`.length <= nameCharsMax)
    .filter(({ audience }) => audience?.includes(kind) ?? true)
    .map((operation) => {
      const { id, summary, description, effect, input: inputSchema, labels } = operation;
      return {
        name: `${service}_${id}`,
        description: `${title}: ${summary}.${description === undefined ? "" : ` ${description}`}`,
        inputSchema,
        validate: (input) => createValidator(inputSchema)(input),
        effect,
        labels,
        vocabulary,
        operation,
        query: operation.query === undefined ? undefined : byId.get(operation.query),
      };
    });
}
