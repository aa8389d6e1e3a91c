/** One GraphQL schema from the documents of services. Pure: what is called, and how, is the context's. */
import { RoostError } from "@roost/base";
import {
  GraphQLInterfaceType,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  validateSchema,
  type GraphQLFieldConfigMap,
} from "graphql";
import type { GraphqlContext } from "../graphql-context.ts";
import { createEnumTypes } from "./enum-types.ts";
import { eventFields, findTail } from "./event-fields.ts";
import { createFileTypes, fileTypeNames } from "./file-types.ts";
import { createInputTypes } from "./input-types.ts";
import { createNames, nameOf } from "./names.ts";
import { operationField } from "./operation-field.ts";
import { createOutputTypes, type OutputTypes } from "./output-types.ts";
import { relationFields, type ObjectOf } from "./relation-fields.ts";
import { readServiceModel, type ServiceModel, type ServiceSource } from "./service-model.ts";
import { createTypeNames } from "./type-names.ts";

export interface Composed {
  schema: GraphQLSchema;
  /** What was left out, and why: a service, or a relation. */
  problems: readonly string[];
}

type Fields = GraphQLFieldConfigMap<unknown, GraphqlContext>;

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
  const names = createNames(["Query", "Mutation", "Subscription", "Page", ...fileTypeNames, ...reservedTypes]);
  const files = createFileTypes();
  const fieldNames = createNames();
  const outputs = new Map<string, OutputTypes>();
  const objectOf: ObjectOf = (service, component) => outputs.get(service)?.objectOf(component);
  const roots = { query: {} as Fields, mutation: {} as Fields, subscription: {} as Fields };
  const tail = findTail(models);
  for (const model of models.values()) {
    const own = createTypeNames(names, model.typePrefix);
    const enums = createEnumTypes(own);
    const { schemas } = model;
    const output = createOutputTypes({
      schemas,
      names: own,
      enums,
      page,
      relationsOf: (component) => relationFields(component, model, { models, objectOf, problems }),
    });
    outputs.set(model.name, output);
    const input = createInputTypes({ schemas, names: own, enums });
    for (const operation of model.operations.values()) {
      const name = fieldNames.take(model.fieldPrefix + nameOf(operation.id));
      const kind = operation.stream ? "subscription" : operation.effect === "readonly" ? "query" : "mutation";
      roots[kind][name] = operationField(model, operation, { names: own, output, input, files });
    }
    if (tail !== undefined)
      Object.assign(roots.subscription, eventFields(model, { tail, names: own, fieldNames, output }));
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
