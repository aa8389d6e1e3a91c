/**
 * What a document asks for, before any of it is carried out: depth, aliases and cost. Fragments are measured once, so that measuring takes no
 * longer than the document is long, also where fragments multiply. Sound for documents that are not valid: it runs before validation.
 */
import {
  getNamedType,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";
import { callCost, type FieldCost } from "../schema/operation-field.ts";

export interface DocumentSize {
  /** Levels of fields. */
  depth: number;
  /** Fields under another name, after fragments are spread. */
  aliasCount: number;
  /** Records, and ten for each call. An upper bound: pages count as full, lists without a limit as ten. */
  cost: number;
  /** Calls of operations by name, without relations. */
  callCount: number;
  /** Whether it asks for the schema. */
  isIntrospective: boolean;
}

/** While it is measured. */
interface PartialSize extends DocumentSize {
  /** Records of ways back: read for all records together, so they are not multiplied by those around them. */
  readCount: number;
}

const nothing: PartialSize = { depth: 0, aliasCount: 0, cost: 0, callCount: 0, isIntrospective: false, readCount: 0 };
const listSizeDefault = 10;
/** More than any limit: sums stay numbers. */
const sizeMax = 1_000_000;

export interface DocumentSizeOptions {
  schema: GraphQLSchema;
  variables: Readonly<Record<string, unknown>>;
}

export function measureDocument(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { schema, variables }: DocumentSizeOptions,
): DocumentSize {
  const fragments = fragmentsOf(document);
  const measured = new Map<string, PartialSize>();
  const byDefault = new Map(
    operation.variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  );

  const ofSelections = (
    { selections }: SelectionSetNode,
    type: GraphQLNamedType | undefined,
    size: number,
  ): PartialSize =>
    selections.reduce<PartialSize>((sum, selection) => {
      if (selection.kind === Kind.FIELD) return add(sum, ofField(selection, type, size));
      if (selection.kind === Kind.FRAGMENT_SPREAD) return add(sum, ofFragment(selection.name.value, size));
      const { typeCondition, selectionSet } = selection;
      return add(
        sum,
        ofSelections(selectionSet, typeCondition ? schema.getType(typeCondition.name.value) : type, size),
      );
    }, nothing);

  const ofFragment = (name: string, size: number): PartialSize => {
    const key = `${name} ${size}`;
    const known = measured.get(key);
    const fragment = fragments.get(name);
    if (known !== undefined || fragment === undefined) return known ?? nothing;
    // One that spreads itself is refused by validation.
    measured.set(key, nothing);
    const found = ofSelections(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value), size);
    measured.set(key, found);
    return found;
  };

  const ofField = (node: FieldNode, type: GraphQLNamedType | undefined, size: number): PartialSize => {
    const name = node.name.value;
    const aliasCount = node.alias === undefined ? 0 : 1;
    // Introspection has limits of its own, in graphql's validation.
    if (name === "__schema" || name === "__type") return { ...nothing, aliasCount, isIntrospective: true };
    const field = isCompositeType(type) && "getFields" in type ? type.getFields()[name] : undefined;
    const cost = field?.extensions["cost"] as FieldCost | undefined;
    const isRoot = cost?.calls === "one";
    const isList = field !== undefined && hasList(field.type);
    const times = isList ? size : 1;
    const below =
      node.selectionSet === undefined
        ? nothing
        : ofSelections(
            node.selectionSet,
            field === undefined ? undefined : getNamedType(field.type),
            isRoot && field !== undefined
              ? limitOf(node, field, { variables, byDefault })
              : isList
                ? listSizeDefault
                : size,
          );
    const isRecord = node.selectionSet === undefined ? 0 : 1;
    return {
      depth: below.depth + 1,
      aliasCount: aliasCount + below.aliasCount,
      cost: Math.min(sizeMax * sizeMax, ownCostOf(cost) + times * (isRecord + below.cost)),
      callCount: (isRoot ? 1 : 0) + below.callCount,
      isIntrospective: below.isIntrospective,
      readCount: below.readCount + (cost?.reads ?? 0),
    };
  };

  const root = schema.getRootType(operation.operation);
  const type = isObjectType(root) ? root : undefined;
  const { readCount, cost, ...size } = ofSelections(operation.selectionSet, type, listSizeDefault);
  return { ...size, cost: cost + readCount };
}

function fragmentsOf(document: DocumentNode): Map<string, FragmentDefinitionNode> {
  const found = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(found.map((node) => [node.name.value, node]));
}

/** Of a field, beside its records. */
function ownCostOf(cost: FieldCost | undefined): number {
  if (cost?.calls === "one" || cost?.calls === "each") return callCost;
  return cost === undefined || cost.reads !== undefined ? 0 : 1;
}

/** The page size that is asked for, or the one without asking. */
function limitOf(
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  {
    variables,
    byDefault,
  }: Pick<DocumentSizeOptions, "variables"> & { byDefault: ReadonlyMap<string, ValueNode | undefined> },
): number {
  if (!field.args.some(({ name }) => name === "limit")) return listSizeDefault;
  let value = node.arguments?.find(({ name }) => name.value === "limit")?.value;
  if (value?.kind === Kind.VARIABLE) {
    const given = variables[value.name.value];
    // Digits are whole numbers too, for BigInt.
    if (typeof given === "number" || typeof given === "string") return inBounds(Number(given));
    value = byDefault.get(value.name.value);
  }
  if (value?.kind === Kind.INT || value?.kind === Kind.STRING) return inBounds(Number(value.value));
  return inBounds((field.extensions["cost"] as FieldCost | undefined)?.pageSize ?? listSizeDefault);
}

function inBounds(size: number): number {
  return Number.isFinite(size) ? Math.min(sizeMax, Math.max(1, size)) : sizeMax;
}

function add(one: PartialSize, other: PartialSize): PartialSize {
  return {
    depth: Math.max(one.depth, other.depth),
    aliasCount: one.aliasCount + other.aliasCount,
    cost: one.cost + other.cost,
    callCount: one.callCount + other.callCount,
    isIntrospective: one.isIntrospective || other.isIntrospective,
    readCount: one.readCount + other.readCount,
  };
}

function hasList(type: GraphQLType): boolean {
  return isListType(type) || (isNonNullType(type) && hasList(type.ofType));
}
