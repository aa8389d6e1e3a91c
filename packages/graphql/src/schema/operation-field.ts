/** An operation as a field: its input as arguments, its answer as the type. What it calls is the context's. */
import { jsonObjectOf } from "@roost/base";
import { fileField, type DescribedOperation, type StreamItem } from "@roost/contract";
import {
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  type GraphQLFieldConfig,
  type GraphQLOutputType,
} from "graphql";
import type { GraphqlContext } from "../graphql-context.ts";
import type { FileTypes } from "./file-types.ts";
import type { InputTypes } from "./input-types.ts";
import { typeNameOf } from "./names.ts";
import type { OutputTypes } from "./output-types.ts";
import type { ServiceModel } from "./service-model.ts";
import type { TypeNames } from "./type-names.ts";

type Field = GraphQLFieldConfig<unknown, GraphqlContext>;

/** Of a call, beside the records that it reads. */
export const callCost = 10;

/** What the limits know of a field. */
export interface FieldCost {
  /** Calls that it makes: one, one for each record, one for all records. */
  calls: "one" | "each" | "batch";
  /** Of a way back: what it may read at most, whatever it is asked from. */
  reads?: number;
  /** Records in a page whose `limit` is not given. */
  pageSize?: number;
}

interface Types {
  files: FileTypes;
  names: TypeNames;
  output: OutputTypes;
  input: InputTypes;
}

export function operationField(
  model: ServiceModel,
  operation: DescribedOperation,
  { names, output, input, files }: Types,
): Field {
  const { id, effect, summary, description, stream } = operation;
  const answer = output.of(operation.output, `${typeNameOf(id)}${stream ? "Data" : "Result"}`);
  const { args: own, inputOf } = input.argumentsOf(operation.input, id);
  const args = operation.contentField === undefined ? own : { ...own, ...files.argument };
  const call = (given: Record<string, unknown>, idempotencyKey?: unknown) => ({
    service: model.name,
    operation,
    input: inputOf(given),
    idempotencyKey: typeof idempotencyKey === "string" ? idempotencyKey : undefined,
  });
  const common = {
    description: [summary, description].filter((text) => text !== undefined).join(". "),
    extensions: { cost: { calls: "one", ...pageSizeOf(operation) } satisfies FieldCost },
    // Each call may fail, and alone: a service that is down takes nothing else along.
    type: answer instanceof GraphQLNonNull ? (answer.ofType as GraphQLOutputType) : answer,
  };
  if (stream)
    return {
      ...common,
      type: itemType(names.take(`${typeNameOf(id)}Item`), answer),
      args,
      subscribe: (_root, given, context) => context.open(call(given)),
      resolve: (item, _given, context) => {
        // Each item is read as it is then, and a long subscription keeps no records.
        context.loaders.clear();
        return item;
      },
    };
  if (operation.answersContent !== undefined)
    return {
      ...common,
      args,
      type: files.link,
      resolve: (_root, given, context) => ({
        url: context.addressOf(call(given)),
        mediaTypes: operation.answersContent?.mediaTypes,
      }),
    };
  if (effect === "readonly") return { ...common, args, resolve: (_root, given, context) => context.call(call(given)) };
  // Where the operation has the field itself, it keeps the key itself.
  const takesKey = Object.hasOwn(args, "idempotencyKey");
  const keyed = takesKey ? args : { ...args, idempotencyKey: idempotencyKeyArgument };
  return {
    ...common,
    args: keyed,
    resolve: async (_root, given, context) => {
      try {
        const asked = call(given, takesKey ? undefined : given["idempotencyKey"]);
        if (operation.contentField !== undefined)
          asked.input = { ...asked.input, [fileField]: await files.read(given, context) };
        return await context.call(asked);
      } finally {
        // What it changed is read again.
        context.loaders.clear();
      }
    },
  };
}

function pageSizeOf({ input }: DescribedOperation): { pageSize?: number } {
  const size = jsonObjectOf(jsonObjectOf(input["properties"])["limit"])["default"];
  return typeof size === "number" ? { pageSize: size } : {};
}

const idempotencyKeyArgument = {
  type: GraphQLString,
  description: "Calls with the same key are one call: its first answer is repeated for seven days",
};

/** An item with the place behind it, so that a subscription that was cut off goes on where it was. */
function itemType(name: string, data: GraphQLOutputType): GraphQLOutputType {
  return new GraphQLNonNull(
    new GraphQLObjectType<StreamItem<unknown>>({
      name,
      fields: {
        after: {
          type: GraphQLString,
          description: "Pass it as `after` to go on behind this item; null for one that is not repeated",
          resolve: ({ id }) => id,
        },
        data: { type: data },
      },
    }),
  );
}
