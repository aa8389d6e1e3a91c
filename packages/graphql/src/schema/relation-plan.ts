/**
 * Relations as fields: `job` of a run is read by the operation that its contract names. Ids that are asked for in one moment of a request are
 * one call where that operation takes a list, and one call each, never twice for the same, where it takes one.
 */
import { RoostError, toRoostError } from "@roost/base";
import type { DescribedOperation, Relation } from "@roost/contract";
import DataLoader from "dataloader";
import type { GraphqlContext } from "../graphql-context.ts";
import { isPage } from "./output-types.ts";
import type { ServiceModel } from "./service-model.ts";
import { shapeOf, type Shape } from "./shape-of.ts";

export interface RelationPlan {
  relation: Relation;
  /** Of the record that it leads to. */
  target: ServiceModel;
  /** That record's component. */
  record: string;
  operation: DescribedOperation;
  /** The field of the operation's input that takes the id, or the ids. */
  argument: string;
  takesMany: boolean;
  /** Whether the relation's own field is a list of ids. */
  isList: boolean;
  /** Where in the answer the record, or the list of records, is. */
  place: readonly string[];
  key: string;
  hasLimit: boolean;
}

/** The longest list of ids in one call: it stands in an address. */
const idsMax = 100;
const idCharsMax = 6_000;

/** What is needed to follow a relation, or why it cannot be followed. */
export function planRelation(
  relation: Relation,
  from: ServiceModel,
  models: ReadonlyMap<string, ServiceModel>,
): RelationPlan | string {
  const { field, to, via, as = to, key = "id", service = from.name } = relation;
  const target = models.get(service);
  const operation = target?.operations.get(via);
  if (target === undefined || operation === undefined) return `${service} has no operation ${via}`;
  if (operation.effect !== "readonly" || operation.stream) return `${via} does more than read`;
  const own = shapeOf({ $ref: `/schemas/${relation.from}` }, from.schemas);
  const holds = own.kind === "object" ? own.properties[field] : undefined;
  if (holds === undefined) return `${relation.from} has no field ${field}`;
  const input = shapeOf(operation.input, target.schemas);
  const takes = input.kind === "object" ? Object.entries(input.properties) : [];
  const shaped = takes.map(([name, schema]) => ({ name, shape: shapeOf(schema, target.schemas) }));
  const many = shaped.find(({ shape }) => shape.kind === "list" && isRef(shapeOf(shape.items, target.schemas), to));
  const argument = many ?? shaped.find(({ shape }) => isRef(shape, to));
  if (argument === undefined) return `${via} takes no id of a ${to}`;
  const place = placeOf(operation, as, { target, inList: many !== undefined });
  if (place === undefined) return `${via} answers with no ${as}`;
  return {
    relation,
    target,
    record: as,
    operation,
    argument: argument.name,
    takesMany: many !== undefined,
    isList: shapeOf(holds, from.schemas).kind === "list",
    place,
    key,
    hasLimit: takes.some(([name]) => name === "limit"),
  };
}

export function isRef(shape: Shape, to: string): boolean {
  return shape.kind === "scalar" && shape.refersTo === to;
}

/** The answer itself, a field of it, or the items of a page. */
export function placeOf(
  { output }: DescribedOperation,
  to: string,
  { target, inList }: { target: ServiceModel; inList: boolean },
): string[] | undefined {
  const answer = shapeOf(output, target.schemas);
  if (answer.kind !== "object") return undefined;
  if (inList) {
    const { items } = answer.properties;
    const list = isPage(answer, target.schemas) && items !== undefined ? shapeOf(items, target.schemas) : undefined;
    return list?.kind === "list" && shapeOf(list.items, target.schemas).component === to ? ["items"] : undefined;
  }
  if (answer.component === to) return [];
  const found = Object.entries(answer.properties).find(
    ([, schema]) => shapeOf(schema, target.schemas).component === to,
  );
  return found === undefined ? undefined : [found[0]];
}

/** The record, or records, that a field of ids refers to; null for one that is gone. */
export function followRelation(plan: RelationPlan, record: unknown, context: GraphqlContext): unknown {
  const ids = (record as Record<string, unknown>)[plan.relation.field];
  if (ids === null || ids === undefined) return null;
  const loader = loaderOf(plan, context);
  return Array.isArray(ids) ? loader.loadMany(ids.map(String)) : loader.load(String(ids));
}

function loaderOf(plan: RelationPlan, context: GraphqlContext): DataLoader<string, unknown> {
  // Relations of several records to one kind of record share their calls.
  const name = `${plan.target.name} ${plan.operation.id} ${plan.record}`;
  const known = context.loaders.get(name);
  if (known !== undefined) return known;
  const made = new DataLoader<string, unknown>(
    (ids) => (plan.takesMany ? loadTogether(plan, ids, context) : loadEach(plan, ids, context)),
    { maxBatchSize: idsMax },
  );
  context.loaders.set(name, made);
  return made;
}

function loadEach(plan: RelationPlan, ids: readonly string[], context: GraphqlContext): Promise<unknown[]> {
  const { target, operation, argument, place } = plan;
  return Promise.all(
    ids.map(async (id) => {
      try {
        return at(place, await context.call({ service: target.name, operation, input: { [argument]: id } }));
      } catch (thrown) {
        const error = toRoostError(thrown);
        return error.code === "not_found" ? null : error;
      }
    }),
  );
}

async function loadTogether(plan: RelationPlan, ids: readonly string[], context: GraphqlContext): Promise<unknown[]> {
  const { target, operation, argument, place, key, hasLimit } = plan;
  const found = new Map<string, unknown>();
  for (const part of inParts(ids.filter((id) => !id.includes(",")))) {
    const input = { [argument]: part, limit: hasLimit ? part.length : undefined };
    const records = at(place, await context.call({ service: target.name, operation, input }));
    for (const record of Array.isArray(records) ? records : [])
      found.set(String((record as Record<string, unknown>)[key]), record);
  }
  return ids.map((id) =>
    id.includes(",")
      ? new RoostError("invalid_input", `"${id.slice(0, 64)}" has a comma, which a list in an address cannot hold`)
      : (found.get(id) ?? null),
  );
}

/** Lists that fit an address. */
export function inParts(ids: readonly string[]): string[][] {
  const parts: string[][] = [];
  let charCount = idCharsMax;
  for (const id of ids) {
    charCount += encodeURIComponent(id).length;
    if (charCount > idCharsMax) {
      parts.push([]);
      charCount = encodeURIComponent(id).length;
    }
    parts.at(-1)!.push(id);
  }
  return parts;
}

function at(place: readonly string[], answer: unknown): unknown {
  let value = answer;
  for (const name of place) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return value ?? null;
}
