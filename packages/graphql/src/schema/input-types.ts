/**
 * Types of arguments, from the schemas of one service, and the way back from what GraphQL gives to what the service takes. A union is an
 * object of which one field is given: `trigger: { cron: { … } }`.
 */
import {
  GraphQLBoolean,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLFieldConfigArgumentMap,
  type GraphQLInputFieldConfigMap,
  type GraphQLInputType,
  type GraphQLNullableType,
} from "graphql";
import { jsonObjectOf } from "@roost/base";
import type { JsonSchema } from "@roost/contract";
import type { EnumTypes } from "./enum-types.ts";
import { createNames, nameOf, typeNameOf } from "./names.ts";
import { scalars } from "./output-types.ts";
import { shapeOf, type Schemas, type Shape } from "./shape-of.ts";
import type { TypeNames } from "./type-names.ts";

type Convert = (given: unknown) => unknown;

interface Input {
  type: GraphQLNullableType & GraphQLInputType;
  /** To what the service takes. */
  convert: Convert;
}

export interface Arguments {
  args: GraphQLFieldConfigArgumentMap;
  /** The input of the operation: its own names, without what is null and may not be. */
  inputOf(given: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

export interface InputTypes {
  /** The fields of an object as arguments of a field. */
  argumentsOf(input: JsonSchema, operationId: string): Arguments;
}

interface Field {
  key: string;
  name: string;
  input: Input;
  isNullable: boolean;
}

type ObjectShape = Shape & { kind: "object" };

const same: Convert = (given) => given;

interface Scope {
  schemas: Schemas;
  names: TypeNames;
  enums: EnumTypes;
  byComponent: Map<string, Input>;
}

export function createInputTypes(options: Omit<Scope, "byComponent">): InputTypes {
  const scope: Scope = { ...options, byComponent: new Map() };
  return {
    argumentsOf(input, operationId) {
      const shape = shapeOf(input, scope.schemas);
      if (shape.kind !== "object") return { args: {}, inputOf: () => ({}) };
      const fields = fieldsOf(shape, typeNameOf(operationId), scope);
      return { args: configOf(shape, fields, scope), inputOf: (given) => convertAll(fields, given) };
    },
  };
}

function inputOf(shape: Shape, wanted: string, scope: Scope): Input {
  if (shape.kind === "scalar") return { type: scalars[shape.scalar], convert: same };
  if (shape.kind === "enum") return { type: scope.enums(shape, wanted), convert: same };
  if (shape.kind === "list") return listOf(shape, wanted, scope);
  const { component } = shape;
  const known = component === undefined ? undefined : scope.byComponent.get(component);
  if (known !== undefined) return known;
  const base = component ?? wanted;
  const name = scope.names.take(base.endsWith("Input") ? base : `${base}Input`);
  const made = shape.kind === "object" ? objectInput(shape, name, scope) : unionInput(shape, name, scope);
  if (component !== undefined) scope.byComponent.set(component, made);
  return made;
}

function listOf(shape: Shape & { kind: "list" }, wanted: string, scope: Scope): Input {
  const items = shapeOf(shape.items, scope.schemas);
  const { type, convert } = inputOf(items, wanted, scope);
  return {
    type: new GraphQLList(items.isNullable ? type : new GraphQLNonNull(type)),
    convert: (given) => (given as unknown[]).map((each) => (each === null ? null : convert(each))),
  };
}

function objectInput(shape: ObjectShape, name: string, scope: Scope): Input {
  const fields = lazily(() => fieldsOf(shape, name, scope));
  return {
    type: new GraphQLInputObjectType({
      name,
      description: shape.description,
      fields: () => configOf(shape, fields(), scope),
    }),
    convert: (given) => convertAll(fields(), given as Record<string, unknown>),
  };
}

function unionInput(shape: Shape & { kind: "union" }, name: string, scope: Scope): Input {
  const { discriminator } = shape;
  const members = lazily(() => {
    const own = createNames();
    return [...shape.members].map(([value, member]): Field => {
      const wanted = name.replace(/Input$/, "") + typeNameOf(value);
      const input = memberInput(shapeOf(member, scope.schemas), { discriminator, wanted, scope });
      return { key: value, name: own.take(nameOf(value)), input, isNullable: false };
    });
  });
  return {
    type: new GraphQLInputObjectType({
      name,
      description: shape.description,
      isOneOf: true,
      fields: () => Object.fromEntries(members().map(({ name: field, input }) => [field, { type: input.type }])),
    }),
    convert: (given) => {
      const [field, value] = Object.entries(given as object).find(([, each]) => each !== null) ?? [];
      const member = members().find(({ name: its }) => its === field);
      return { [discriminator]: member?.key, ...jsonObjectOf(member?.input.convert(value)) };
    },
  };
}

/** Without the field that tells the members apart: its name says it. */
function memberInput(
  shape: Shape,
  { discriminator, wanted, scope }: { discriminator: string; wanted: string; scope: Scope },
): Input {
  const { [discriminator]: _, ...properties } = shape.kind === "object" ? shape.properties : {};
  if (shape.kind !== "object" || Object.keys(properties).length === 0)
    return { type: GraphQLBoolean, convert: () => ({}) };
  return objectInput({ ...shape, properties, component: undefined }, scope.names.take(`${wanted}Input`), scope);
}

function fieldsOf({ properties }: Pick<ObjectShape, "properties">, owner: string, scope: Scope): Field[] {
  const own = createNames();
  return Object.entries(properties).map(([key, schema]) => {
    const shape = shapeOf(schema, scope.schemas);
    const input = inputOf(shape, owner.replace(/Input$/, "") + typeNameOf(key), scope);
    return { key, name: own.take(nameOf(key)), input, isNullable: shape.isNullable };
  });
}

function configOf(
  { properties, required }: Pick<ObjectShape, "properties" | "required">,
  fields: readonly Field[],
  { schemas }: Scope,
): GraphQLInputFieldConfigMap & GraphQLFieldConfigArgumentMap {
  return Object.fromEntries(
    fields.map(({ key, name, input, isNullable }) => {
      const schema = properties[key] ?? {};
      // What has a default may be left out, also where a document lists it as required.
      const isRequired = required.has(key) && !isNullable && schema["default"] === undefined;
      const type = isRequired ? new GraphQLNonNull(input.type) : input.type;
      return [name, { type, description: describe(schema, schemas) }];
    }),
  );
}

function convertAll(fields: readonly Field[], given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const converted: Record<string, unknown> = {};
  for (const { key, name, input, isNullable } of fields) {
    const value = given[name];
    if (value === undefined || (value === null && !isNullable)) continue;
    converted[key] = value === null ? null : input.convert(value);
  }
  return converted;
}

function describe(schema: JsonSchema, schemas: Schemas): string | undefined {
  const { description } = shapeOf(schema, schemas);
  const { default: byDefault } = schema;
  const told = byDefault === undefined ? undefined : `Default: ${JSON.stringify(byDefault)}`;
  const both = [description, told].filter((text) => text !== undefined);
  return both.length === 0 ? undefined : both.join(". ");
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
