/** Documents as they are carried out: parsed, within the limits and valid. Kept by their text, so that a text that comes again is only measured. */
import {
  getOperationAST,
  GraphQLError,
  Kind,
  parse,
  validate,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import { documentLimits, refusal, refuseCost, refuseForm } from "./document-limits.ts";
import { measureDocument } from "./measure-document.ts";

export interface ReadDocumentOptions {
  schema: GraphQLSchema;
  text: string;
  operationName: string | undefined;
  variables: Readonly<Record<string, unknown>>;
  /** Whether it may ask for the schema. */
  allowsIntrospection: boolean;
}

/** What can be carried out, or why not. */
export type ReadDocument = ReadyDocument | { errors: readonly GraphQLError[] };

export interface ReadyDocument extends Pick<ExecutionArgs, "schema" | "document" | "operationName" | "variableValues"> {
  operation: OperationDefinitionNode;
}

interface Known {
  document: DocumentNode | undefined;
  errors: readonly GraphQLError[];
}

const knownMax = 200;

export function createDocumentReader(): (options: ReadDocumentOptions) => ReadDocument {
  const known = new WeakMap<GraphQLSchema, Map<string, Known>>();
  const find = (schema: GraphQLSchema, text: string): Known => {
    const bySchema = known.get(schema) ?? new Map<string, Known>();
    known.set(schema, bySchema);
    const found = bySchema.get(text) ?? check(schema, text);
    // The one that was used last goes to the end.
    bySchema.delete(text);
    bySchema.set(text, found);
    if (bySchema.size > knownMax) bySchema.delete(bySchema.keys().next().value!);
    return found;
  };
  return ({ schema, text, operationName, variables, allowsIntrospection }) => {
    if (text.length > documentLimits.charsMax)
      return refused(
        "limit_exceeded",
        `the document has ${text.length} characters, the limit is ${documentLimits.charsMax}: ask for less at a time`,
      );
    const { document, errors } = find(schema, text);
    const shown = allowsIntrospection ? errors : errors.map(withoutSuggestions);
    if (document === undefined || errors.length > 0) return { errors: shown };
    const operation = getOperationAST(document, operationName);
    if (operation === null || operation === undefined)
      return refused("invalid_input", "the document has several operations, or none of this name: give operationName");
    const measured = measureDocument(document, operation, { schema, variables });
    const tooMuch = refuseCost(measured);
    if (tooMuch !== undefined) return { errors: [tooMuch] };
    if (measured.isIntrospective && !allowsIntrospection)
      return refused("forbidden", "the schema is told on this machine only: read it there with `roost graphql schema`");
    return { schema, document, operation, operationName: operationName ?? null, variableValues: variables };
  };
}

function refused(...given: Parameters<typeof refusal>): ReadDocument {
  return { errors: [refusal(...given)] };
}

function check(schema: GraphQLSchema, text: string): Known {
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: documentLimits.tokensMax });
  } catch (error) {
    return { document: undefined, errors: [error as GraphQLError] };
  }
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION) continue;
    const refusedForm = refuseForm(measureDocument(document, node, { schema, variables: {} }));
    if (refusedForm !== undefined) return { document, errors: [refusedForm] };
  }
  return { document, errors: validate(schema, document) };
}

/** They would show the schema to callers that may not see it. */
function withoutSuggestions(error: GraphQLError): GraphQLError {
  const message = error.message.replace(/ Did you mean .*\?$/s, "");
  return message === error.message
    ? error
    : new GraphQLError(message, {
        ...(error.nodes !== undefined && { nodes: error.nodes }),
        extensions: error.extensions,
      });
}
