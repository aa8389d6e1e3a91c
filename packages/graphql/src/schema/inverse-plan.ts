/**
 * The way back of a relation: the records that refer to one, read for all of a request by the operation that takes their ids as a list, page
 * after page, and told apart by the field that the relation is about.
 */
import { RoostError } from "@roost/base";
import type { DescribedOperation, Relation } from "@roost/contract";
import DataLoader from "dataloader";
import type { GraphqlContext } from "../graphql-context.ts";
import { inParts, isRef, placeOf } from "./relation-plan.ts";
import { callCost } from "./operation-field.ts";
import type { ServiceModel } from "./service-model.ts";
import { shapeOf } from "./shape-of.ts";

export type InverseRelation = Relation & { readonly inverse: NonNullable<Relation["inverse"]> };

export interface InversePlan {
  relation: InverseRelation;
  /** Of the records that refer. */
  from: ServiceModel;
  operation: DescribedOperation;
  /** The field of the operation's input that takes the ids. */
  argument: string;
  /** Records in a page; undefined: the operation has no pages. */
  limit: number | undefined;
}

const idsMax = 100;
/** Read for the ids of one call. */
const recordsMax = 2_000;
const limitDefault = 50;

/** What is needed to go the way back, or why it cannot be gone. */
export function planInverse(relation: InverseRelation, from: ServiceModel): InversePlan | string {
  const { to, inverse, from: record } = relation;
  const operation = from.operations.get(inverse.via);
  if (operation === undefined) return `${from.name} has no operation ${inverse.via}`;
  if (operation.effect !== "readonly" || operation.stream) return `${inverse.via} does more than read`;
  const input = shapeOf(operation.input, from.schemas);
  const takes = input.kind === "object" ? Object.entries(input.properties) : [];
  const argument = takes.find(([, schema]) => {
    const shape = shapeOf(schema, from.schemas);
    return shape.kind === "list" && isRef(shapeOf(shape.items, from.schemas), to);
  });
  if (argument === undefined) return `${inverse.via} takes no list of ids of a ${to}`;
  if (placeOf(operation, record, { target: from, inList: true }) === undefined)
    return `${inverse.via} answers with no page of ${record}`;
  const limit = takes.find(([name]) => name === "limit")?.[1];
  const { maximum = limitDefault } = limit ?? {};
  return {
    relation,
    from,
    operation,
    argument: argument[0],
    limit: limit === undefined || typeof maximum !== "number" ? undefined : maximum,
  };
}

/** As the limits count it: the records that it may read, and ten for each call. */
export function costOfInverse(plan: InversePlan): number {
  return recordsMax + callCost * pagesMaxOf(plan);
}

function pagesMaxOf({ limit = limitDefault }: InversePlan): number {
  return Math.ceil(recordsMax / limit);
}

export function followInverse(plan: InversePlan, record: unknown, context: GraphqlContext): Promise<unknown> | null {
  const { from, operation, relation } = plan;
  const id = (record as Record<string, unknown>)[relation.key ?? "id"];
  if (id === null || id === undefined) return null;
  const name = `${from.name} ${operation.id} by ${relation.field}`;
  const known = context.loaders.get(name);
  if (known !== undefined) return known.load(String(id));
  const made = new DataLoader<string, unknown>((ids) => loadReferring(plan, ids, context), { maxBatchSize: idsMax });
  context.loaders.set(name, made);
  return made.load(String(id));
}

async function loadReferring(plan: InversePlan, ids: readonly string[], context: GraphqlContext): Promise<unknown[]> {
  const found = new Map<string, unknown[]>(ids.map((id) => [id, []]));
  for (const part of inParts(ids)) {
    for (const record of await readPages(plan, part, context)) {
      const referred = (record as Record<string, unknown>)[plan.relation.field];
      for (const id of Array.isArray(referred) ? referred : [referred]) found.get(String(id))?.push(record);
    }
  }
  return ids.map((id) => found.get(id));
}

async function readPages(plan: InversePlan, ids: readonly string[], context: GraphqlContext): Promise<unknown[]> {
  const { from, operation, argument, limit } = plan;
  const records: unknown[] = [];
  let after: unknown;
  for (let count = 0; count < pagesMaxOf(plan); count += 1) {
    const input = { [argument]: ids, limit, after };
    const { items, next } = (await context.call({ service: from.name, operation, input })) as {
      items: unknown[];
      next: unknown;
    };
    records.push(...items);
    if (typeof next !== "string") return records;
    after = next;
  }
  throw new RoostError(
    "limit_exceeded",
    `more than ${recordsMax} records of ${operation.id} refer to these ${ids.length}: ask ${operation.id} itself`,
  );
}
