/** A service as its document describes it: what is composed. Nothing of GraphQL yet. */
import { isJsonObject, jsonObjectOf } from "@roost/base";
import {
  readOpenApi,
  type DescribedOperation,
  type JsonSchema,
  type OpenApiDocument,
  type Relation,
} from "@roost/contract";
import { nameOf, typeNameOf } from "./names.ts";

/** A service to be composed. */
export interface ServiceSource {
  name: string;
  title: string;
  document: OpenApiDocument;
  /** Roost's own API: its names have no prefix. */
  isOwn: boolean;
}

export interface ServiceModel extends Pick<ServiceSource, "name" | "title"> {
  operations: ReadonlyMap<string, DescribedOperation>;
  schemas: Readonly<Record<string, JsonSchema>>;
  relations: readonly Relation[];
  events: readonly EventModel[];
  /** `garden_` and `Garden_`; empty for Roost's own API, whose names have no underscore. */
  fieldPrefix: string;
  typePrefix: string;
}

/** An event type of a service, as its document tells it. */
export interface EventModel {
  type: string;
  topic: string;
  schema: JsonSchema;
}

export function readServiceModel({ name, title, document, isOwn }: ServiceSource): ServiceModel {
  const operations = readOpenApi(document, { streams: true, files: true }).filter((each) => isField(each, isOwn));
  const relations = document["x-relations"];
  return {
    name,
    title,
    operations: new Map(operations.map((operation) => [operation.id, operation])),
    schemas: jsonObjectOf(jsonObjectOf(document["components"])["schemas"]) as Record<string, JsonSchema>,
    relations: Array.isArray(relations) ? (relations as unknown[]).filter(isRelation) : [],
    events: readEvents(document["x-roost-events"]),
    fieldPrefix: isOwn ? "" : `${nameOf(name)}_`,
    typePrefix: isOwn ? "" : `${typeNameOf(name)}_`,
  };
}

/** A file is answered by its address and taken as a part; Roost's own uploads are how parts come to be. */
function isField({ method, contentField, answersContent }: DescribedOperation, isOwn: boolean): boolean {
  if (contentField !== undefined) return !isOwn && answersContent === undefined;
  return answersContent === undefined || method === "GET";
}

function readEvents(given: unknown): EventModel[] {
  const all = Array.isArray(given) ? (given as unknown[]).map(jsonObjectOf) : [];
  return all.flatMap(({ type, topic, schema }) =>
    typeof type === "string" && typeof topic === "string" && isJsonObject(schema) ? [{ type, topic, schema }] : [],
  );
}

function isRelation(given: unknown): given is Relation {
  const { from, name, field, to, via } = jsonObjectOf(given);
  return [from, name, field, to, via].every((text) => typeof text === "string");
}
