/** Enums, shared by input and output. Texts that are no names in GraphQL get one: `not-done` is NOT a name, `notDone` is. */
import { GraphQLEnumType } from "graphql";
import { createNames, nameOf } from "./names.ts";
import type { Shape } from "./shape-of.ts";
import type { TypeNames } from "./type-names.ts";

export type EnumTypes = (shape: Shape & { kind: "enum" }, wanted: string) => GraphQLEnumType;

export function createEnumTypes(names: TypeNames): EnumTypes {
  const byComponent = new Map<string, GraphQLEnumType>();
  return (shape, wanted) => {
    const { component, values, description } = shape;
    const known = component === undefined ? undefined : byComponent.get(component);
    if (known !== undefined) return known;
    const own = createNames(["true", "false", "null"]);
    const made = new GraphQLEnumType({
      name: names.take(component ?? wanted),
      description,
      values: Object.fromEntries([...new Set(values)].map((value) => [own.take(nameOf(value)), { value }])),
    });
    if (component !== undefined) byComponent.set(component, made);
    return made;
  };
}
