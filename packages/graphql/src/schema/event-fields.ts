/** Events as subscriptions with a type of their own: `shelf_onBookRead` follows the log and gives each event with its data as fields. */
import { jsonObjectOf } from "@roost/base";
import type { DescribedOperation, StreamItem } from "@roost/contract";
import {
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  type GraphQLFieldConfigMap,
  type GraphQLOutputType,
} from "graphql";
import type { GraphqlContext } from "../graphql-context.ts";
import { nameOf, typeNameOf, type createNames } from "./names.ts";
import type { FieldCost } from "./operation-field.ts";
import type { OutputTypes } from "./output-types.ts";
import { dateTimeScalar } from "./scalars.ts";
import type { ServiceModel } from "./service-model.ts";
import type { TypeNames } from "./type-names.ts";

/** Roost's own stream of the log. */
export interface LogTail {
  service: string;
  operation: DescribedOperation;
}

export function findTail(models: ReadonlyMap<string, ServiceModel>): LogTail | undefined {
  for (const { name, operations, typePrefix } of models.values()) {
    const operation = typePrefix === "" ? operations.get("tailEvents") : undefined;
    if (operation?.stream === true) return { service: name, operation };
  }
  return undefined;
}

export interface EventFieldsOptions {
  tail: LogTail;
  names: TypeNames;
  fieldNames: ReturnType<typeof createNames>;
  output: OutputTypes;
}

type Fields = GraphQLFieldConfigMap<unknown, GraphqlContext>;

export function eventFields(model: ServiceModel, { tail, names, fieldNames, output }: EventFieldsOptions): Fields {
  const fields: Fields = {};
  // The newest version of a type comes last.
  for (const { type, topic, schema } of new Map(model.events.map((event) => [event.type, event])).values()) {
    const own = `${nameOf(model.name)}.`;
    const wanted = typeNameOf(type.startsWith(own) ? type.slice(own.length) : type);
    const data = output.of(schema, `${wanted}Event`);
    fields[fieldNames.take(`${model.fieldPrefix}on${wanted}`)] = {
      type: new GraphQLNonNull(itemType(names.take(`${wanted}Item`), data)),
      description: `Each event ${type}, as it is written`,
      args,
      extensions: { cost: { calls: "one" } satisfies FieldCost },
      subscribe: (_root, given, context) =>
        context.open({ ...tail, input: { ...given, topics: [topic], types: [type] } as never }),
      resolve: (item, _given, context) => {
        context.loaders.clear();
        return item;
      },
    };
  }
  return fields;
}

const args = {
  subject: { type: GraphQLString, description: "Of this subject alone" },
  after: { type: GraphQLString, description: "Where an earlier subscription was" },
  last: { type: GraphQLInt, description: "Starts this many events back" },
};

type Item = StreamItem<unknown>;

const fieldOf = (item: Item, name: string) => jsonObjectOf(item.data)[name];

function itemType(name: string, data: GraphQLOutputType): GraphQLObjectType {
  const text = new GraphQLNonNull(GraphQLString);
  return new GraphQLObjectType<Item>({
    name,
    fields: {
      after: {
        type: GraphQLString,
        description: "Pass it as `after` to go on behind this event",
        resolve: ({ id }) => id,
      },
      id: { type: text, resolve: (item) => fieldOf(item, "id") },
      subject: { type: GraphQLString, resolve: (item) => fieldOf(item, "subject") },
      time: { type: new GraphQLNonNull(dateTimeScalar), resolve: (item) => fieldOf(item, "time") },
      labels: {
        type: new GraphQLNonNull(new GraphQLList(text)),
        description: "For whom it is, and whether it can be trusted",
        resolve: (item) => fieldOf(item, "labels"),
      },
      // An earlier version may lack what this one has: then it is null, with an error that says what.
      data: {
        type: data instanceof GraphQLNonNull ? (data.ofType as GraphQLOutputType) : data,
        resolve: (item) => fieldOf(item, "data"),
      },
    },
  });
}
