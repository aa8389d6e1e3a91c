/** One GraphQL schema from the documents of services. Pure: what is called, and how, is the context's. */
import {
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  validateSchema,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  type GraphQLOutputType,
} from "graphql";
import { jsonObjectOf, RoostError } from "@roost/base";
import type { DescribedOperation, StreamItem } from "@roost/contract";
import type { GraphqlContext } from "../graphql-context.ts";
import { createEnumTypes } from "./enum-types.ts";
import { createInputTypes } from "./input-types.ts";
import { createNames, nameOf, typeNameOf } from "./names.ts";
import { createOutputTypes, type OutputTypes } from "./output-types.ts";
import { followRelation, planRelation } from "./relation-plan.ts";
import { readServiceModel, type ServiceModel, type ServiceSource } from "./service-model.ts";
import { createTypeNames, type TypeNames } from "./type-names.ts";

export interface Composed {
  schema: GraphQLSchema;
  /** What was left out, and why: a service, or a relation. */
  problems: readonly string[];
}

type Fields = GraphQLFieldConfigMap<unknown, GraphqlContext>;
type Field = GraphQLFieldConfig<unknown, GraphqlContext>;

/** What the limits know of a field. */
export interface FieldCost {
  /** Calls that it makes: one, one for each record, one for all records. */
  calls: "one" | "each" | "batch";
  /** Records in a page whose `limit` is not given. */
  pageSize?: number;
}

/** A service that cannot be composed is left out alone. */
export function composeSchema(sources: readonly ServiceSource[]): Composed {
  const problems: string[] = [];
  const models = new Map<string, ServiceModel>();
  for (const source of sources) {
    try {
      models.set(source.name, readServiceModel(source));
    } catch (error) {
      problems.push(`${source.name}: ${(error as Error).message}`);
    }
  }
  const whole = build(models);
  if (whole instanceof GraphQLSchema) return { schema: whole, problems: [...new Set(problems)] };
  for (const [name, model] of models) {
    const alone = build(new Map([[name, model]]));
    if (alone instanceof GraphQLSchema) continue;
    problems.push(`${name}: ${alone}`);
    models.delete(name);
  }
  const rest = build(models);
  if (rest instanceof GraphQLSchema) return { schema: rest, problems: [...new Set(problems)] };
  throw new RoostError("internal", `no schema can be composed: ${rest}`);

  function build(given: ReadonlyMap<string, ServiceModel>): GraphQLSchema | string {
    try {
      const schema = joinServices(given, problems);
      const [error] = validateSchema(schema);
      return error === undefined ? schema : error.message;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

function joinServices(models: ReadonlyMap<string, ServiceModel>, problems: string[]): GraphQLSchema {
  const page = new GraphQLInterfaceType({
    name: "Page",
    description: "A part of a list",
    fields: { next: { type: GraphQLString, description: "Pass it as `after` for the next page; null on the last" } },
  });
  const names = createNames(["Query", "Mutation", "Subscription", "Page", ...reservedTypes]);
  const outputs = new Map<string, OutputTypes>();
  const roots = { query: {} as Fields, mutation: {} as Fields, subscription: {} as Fields };
  for (const model of models.values()) {
    const own = createTypeNames(names, model.typePrefix);
    const enums = createEnumTypes(own);
    const { schemas } = model;
    const output = createOutputTypes({ schemas, names: own, enums, page, relationsOf });
    outputs.set(model.name, output);
    const input = createInputTypes({ schemas, names: own, enums });
    const fieldNames = createNames();
    for (const operation of model.operations.values()) {
      const name = fieldNames.take(model.fieldPrefix + nameOf(operation.id));
      const kind = operation.stream ? "subscription" : operation.effect === "readonly" ? "query" : "mutation";
      roots[kind][name] = operationField(model, operation, { names: own, output, input });
    }

    function relationsOf(component: string): Fields {
      const fields: Fields = {};
      for (const relation of model.relations.filter(({ from }) => from === component)) {
        const plan = planRelation(relation, model, models);
        const where = `${model.name}: the relation ${component}.${relation.name} is left out`;
        if (typeof plan === "string") {
          problems.push(`${where}: ${plan}`);
          continue;
        }
        const type = outputs.get(plan.target.name)?.objectOf(plan.record);
        if (type === undefined) {
          problems.push(`${where}: ${plan.record} is no object`);
          continue;
        }
        fields[nameOf(relation.name)] = {
          type: plan.isList ? new GraphQLList(type) : type,
          description: `By \`${relation.field}\`; null when it is gone`,
          extensions: { cost: { calls: plan.takesMany ? "batch" : "each" } satisfies FieldCost },
          resolve: (record, _args, context) => followRelation(plan, record, context),
        };
      }
      return fields;
    }
  }
  const root = (name: string, fields: Fields) =>
    Object.keys(fields).length === 0 ? null : new GraphQLObjectType({ name, fields });
  return new GraphQLSchema({
    query: root("Query", roots.query),
    mutation: root("Mutation", roots.mutation),
    subscription: root("Subscription", roots.subscription),
  });
}

const reservedTypes = ["ID", "String", "Int", "Float", "Boolean", "DateTime", "Date", "BigInt", "JSON"];

interface Types {
  names: TypeNames;
  output: OutputTypes;
  input: ReturnType<typeof createInputTypes>;
}

function operationField(model: ServiceModel, operation: DescribedOperation, { names, output, input }: Types): Field {
  const { id, effect, summary, description, stream } = operation;
  const answer = output.of(operation.output, `${typeNameOf(id)}${stream ? "Data" : "Result"}`);
  const { args, inputOf } = input.argumentsOf(operation.input, id);
  const call = (given: Record<string, unknown>, idempotencyKey?: unknown) => ({
    service: model.name,
    operation,
    input: inputOf(given),
    ...(typeof idempotencyKey === "string" ? { idempotencyKey } : {}),
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
      resolve: (item) => item,
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
        return await context.call(call(given, takesKey ? undefined : given["idempotencyKey"]));
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
