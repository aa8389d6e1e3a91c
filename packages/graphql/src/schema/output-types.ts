/** Types of answers, from the schemas of one service. A field that may be absent or null is nullable, every other is not. */
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  GraphQLUnionType,
  type GraphQLFieldConfigMap,
  type GraphQLInterfaceType,
  type GraphQLNullableType,
  type GraphQLOutputType,
  type GraphQLScalarType,
} from "graphql";
import type { JsonSchema } from "@roost/contract";
import type { GraphqlContext } from "../graphql-context.ts";
import type { EnumTypes } from "./enum-types.ts";
import { createNames, nameOf, typeNameOf } from "./names.ts";
import { bigIntScalar, dateScalar, dateTimeScalar, jsonScalar } from "./scalars.ts";
import { shapeOf, type ScalarName, type Schemas, type Shape } from "./shape-of.ts";
import type { TypeNames } from "./type-names.ts";

export const scalars: Readonly<Record<ScalarName, GraphQLScalarType>> = {
  ID: GraphQLID,
  String: GraphQLString,
  Int: GraphQLInt,
  Float: GraphQLFloat,
  Boolean: GraphQLBoolean,
  DateTime: dateTimeScalar,
  Date: dateScalar,
  BigInt: bigIntScalar,
  JSON: jsonScalar,
};

type Fields = GraphQLFieldConfigMap<unknown, GraphqlContext>;

export interface OutputOptions {
  schemas: Schemas;
  names: TypeNames;
  enums: EnumTypes;
  /** What every page is. */
  page: GraphQLInterfaceType;
  /** Further fields of a component: its relations. */
  relationsOf(component: string): Fields;
}

export interface OutputTypes {
  /** `wanted` names what has no name of its own. */
  of(schema: JsonSchema, wanted: string): GraphQLOutputType;
  /** The object type of a component; undefined when it is none. */
  objectOf(component: string): GraphQLObjectType | undefined;
}

export function createOutputTypes(options: OutputOptions): OutputTypes {
  const { schemas, names, enums, page, relationsOf } = options;
  const byComponent = new Map<string, GraphQLNullableType & GraphQLOutputType>();

  const of = (schema: JsonSchema, wanted: string): GraphQLOutputType => {
    const shape = shapeOf(schema, schemas);
    const type = typeOf(shape, wanted);
    return shape.isNullable ? type : new GraphQLNonNull(type);
  };

  const typeOf = (shape: Shape, wanted: string): GraphQLNullableType & GraphQLOutputType => {
    if (shape.kind === "scalar") return scalars[shape.scalar];
    if (shape.kind === "enum") return enums(shape, wanted);
    if (shape.kind === "list") return new GraphQLList(of(shape.items, `${wanted}Item`));
    const { component } = shape;
    const known = component === undefined ? undefined : byComponent.get(component);
    if (known !== undefined) return known;
    const name = names.take(component ?? wanted);
    const made =
      shape.kind === "object"
        ? objectType(shape, name)
        : unionType(shape, name, (member, of) => typeOf(shapeOf(member, schemas), of));
    if (component !== undefined) byComponent.set(component, made);
    return made;
  };

  const objectType = (shape: Shape & { kind: "object" }, name: string): GraphQLObjectType =>
    new GraphQLObjectType<unknown, GraphqlContext>({
      name,
      description: shape.description,
      interfaces: isPage(shape, schemas) ? [page] : [],
      fields: () => {
        const fields = fieldsOf(shape, name);
        const relations = shape.component === undefined ? {} : relationsOf(shape.component);
        return { ...relations, ...fields };
      },
    });

  const fieldsOf = ({ properties, required }: Shape & { kind: "object" }, owner: string): Fields => {
    const fields: Fields = {};
    const own = createNames();
    for (const [key, schema] of Object.entries(properties)) {
      const name = own.take(nameOf(key));
      const shape = shapeOf(schema, schemas);
      const type = isIdOf(key, shape) ? GraphQLID : typeOf(shape, owner + typeNameOf(key));
      fields[name] = {
        type: shape.isNullable || !required.has(key) ? type : new GraphQLNonNull(type),
        description: shape.description,
        ...(name === key ? {} : { resolve: (record) => (record as Record<string, unknown>)[key] }),
      };
    }
    return fields;
  };

  return {
    of,
    objectOf(component) {
      const shape = shapeOf({ $ref: `#/components/schemas/${component}` }, schemas);
      const type = shape.kind === "object" ? typeOf(shape, component) : undefined;
      return type instanceof GraphQLObjectType ? type : undefined;
    },
  };
}

function unionType(
  { discriminator, description, members: given }: Shape & { kind: "union" },
  name: string,
  typeOf: (member: JsonSchema, wanted: string) => GraphQLOutputType,
): GraphQLUnionType {
  const members = new Map<string, GraphQLObjectType>();
  return new GraphQLUnionType({
    name,
    description,
    types: () => {
      for (const [value, member] of given) {
        const type = typeOf(member, name + typeNameOf(value));
        if (type instanceof GraphQLObjectType) members.set(value, type);
      }
      return [...new Set(members.values())];
    },
    resolveType: (record) => members.get(String((record as Record<string, unknown>)[discriminator]))?.name,
  });
}

/** A record's own id, as GraphQL expects it. */
function isIdOf(key: string, shape: Shape): boolean {
  return key === "id" && shape.kind === "scalar" && shape.scalar === "String";
}

/** A list, and where it goes on. */
export function isPage(shape: Shape, schemas: Schemas): boolean {
  if (shape.kind !== "object") return false;
  const { items, next } = shape.properties;
  if (items === undefined || next === undefined || shapeOf(items, schemas).kind !== "list") return false;
  const place = shapeOf(next, schemas);
  return place.kind === "scalar" && place.scalar === "String" && place.isNullable;
}
