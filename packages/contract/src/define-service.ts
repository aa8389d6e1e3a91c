/**
 * A service as a value without I/O: its name, operations, events and vocabulary. Routes, clients, OpenAPI and tools take contracts; handlers are
 * elsewhere. Roost's own API is the first.
 */
import { assert } from "@roost/base/browser";
import { reservedFor } from "./command-names.ts";
import type { EventDefinition } from "./define-event.ts";
import type { AnyOperation } from "./define-operation.ts";
import { labelLimits, findUnreadable } from "./labels.ts";
import { servicePattern } from "./records/limits.ts";
import { isScope, principalKinds, type Access, type PrincipalKind } from "./principal.ts";

/** A field of a record that refers to another record, and the operation that reads it. */
export interface Relation {
  /** The record that has the field, by the id of its schema. */
  readonly from: string;
  /** Name of the relation: `job`. */
  readonly name: string;
  /** Holds the id of the other record, or a list of ids. */
  readonly field: string;
  /** The record it refers to. */
  readonly to: string;
  /** Id of the operation that returns it: one by its id, or a page of those whose ids are in a list of `ref(to)` in its input. */
  readonly via: string;
  /** What `via` returns of it: `RunSummary` of a `Run`. Default: `to`. */
  readonly as?: string;
  /** The service of `to` and `via`. Default: this one. */
  readonly service?: string;
  /** The field of `to` that holds its id. Default: `id`. */
  readonly key?: string;
  /** The way back, a field of `to`: the records that refer to it, read by an operation of this service that takes a list of `ref(to)`. */
  readonly inverse?: { readonly name: string; readonly via: string };
}

/** A screen of the console that a service brings. Its component stands in the file of the same name in the service's folder `console`. */
export interface ServiceScreen {
  /** Its address in the console: `/people`. */
  readonly path: string;
  readonly name: string;
  /** One of the console's icons. */
  readonly icon: string;
  /** The letter that opens it after "g". */
  readonly key: string;
  /** Its component: `PeopleScreen`. */
  readonly view: string;
  /** What stands below it, reached from it alone: `/people/:personId`. */
  readonly inside?: readonly { readonly path: string; readonly view: string }[];
}

export interface ServiceOptions<Ops extends readonly AnyOperation[]> {
  /** Lower case, unique in a home: part of addresses, scopes, and names of its database role and schema. */
  name: string;
  title: string;
  /** Major, minor and patch. A contract by which its callers can no longer call needs another major. Default: 1.0.0. */
  version?: string;
  operations: Ops;
  events?: readonly EventDefinition[];
  /** The topics that it owns. Default: one with its name. */
  topics?: readonly string[];
  relations?: readonly Relation[];
  /** Labels of all its events and answers. Default: `aud:domain:<name>` and `trust:agent`. */
  labels?: readonly string[];
  /** Terms of the domain and their meanings. */
  vocabulary?: Readonly<Record<string, string>>;
  /** What it shows in the console. Default: nothing. */
  screens?: readonly ServiceScreen[];
  /** Default audience of its operations. Default: all but channels. */
  audience?: readonly PrincipalKind[];
  /** The area of an operation's scope is its tag: `runs:read`. Default: `<name>.<tag>:read`. */
  hasPlainScopes?: boolean;
}

export interface ServiceContract<Ops extends readonly AnyOperation[] = readonly AnyOperation[]> {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly operations: Ops;
  readonly events: readonly EventDefinition[];
  readonly topics: readonly string[];
  readonly relations: readonly Relation[];
  readonly labels: readonly string[];
  readonly vocabulary: Readonly<Record<string, string>>;
  readonly screens: readonly ServiceScreen[];
  /** Access rules by operation id. */
  readonly access: ReadonlyMap<string, Access>;
}

const defaultAudience = principalKinds.filter((kind) => kind !== "channel");

/** Checks a service's consistency and fills in defaults. */
export function defineService<const Ops extends readonly AnyOperation[]>(
  options: ServiceOptions<Ops>,
): ServiceContract<Ops> {
  const {
    name,
    title,
    version = "1.0.0",
    operations,
    events = [],
    relations = [],
    vocabulary = {},
    screens = [],
  } = options;
  const { hasPlainScopes = false } = options;
  assert(servicePattern.test(name), `service "${name}": its name must be 1 to 31 lower-case letters, digits and -`);
  const reserved = hasPlainScopes ? undefined : reservedFor(name);
  assert(reserved === undefined, `service "${name}": ${reserved}: choose another name`);
  assert(/^\d+\.\d+\.\d+$/.test(version), `service "${name}": its version "${version}" must be like 1.2.0`);
  const topics = options.topics ?? [name];
  const labels = options.labels ?? [`aud:domain:${name}`, "trust:agent"];
  const unreadable = findUnreadable(labels);
  assert(unreadable === undefined, `service "${name}": "${unreadable}" is not a label`);
  assert(labels.length <= labelLimits.audiencesMax, `service "${name}": it has ${labels.length} labels`);
  const ids = new Map(operations.map((operation) => [operation.id, operation]));
  assert(ids.size === operations.length, `service "${name}": two operations have the same id`);
  for (const { id, query } of operations) {
    assert(
      query === undefined || ids.get(query.id) === query,
      `service "${name}": ${id} is queried by ${query?.id}, which is not one of its operations`,
    );
  }
  for (const { type, topic } of events) {
    assert(
      topics.includes(topic),
      `service "${name}": event "${type}" is in topic "${topic}", which the service does not own`,
    );
  }
  for (const { from, name: relation, via, service = name, inverse } of relations) {
    assert(
      inverse === undefined || ids.has(inverse.via),
      `service "${name}": ${inverse?.name} is read by ${inverse?.via}, which is not one of its operations`,
    );
    assert(
      service !== name || ids.has(via),
      `service "${name}": ${from}.${relation} is read by ${via}, which is not one of its operations`,
    );
  }
  for (const { path, inside = [] } of screens) {
    assert(
      /^\/[a-z][a-z-]*$/.test(path) && inside.every((one) => one.path.startsWith(`${path}/`)),
      `service "${name}": the screen "${path}" needs an address like /people, and what is inside one below it`,
    );
  }
  const access = new Map(operations.map((operation) => [operation.id, accessOf(options, operation)]));
  return { name, title, version, operations, events, topics, relations, labels, vocabulary, screens, access };
}

function accessOf(
  { name, audience = defaultAudience, hasPlainScopes = false }: ServiceOptions<readonly AnyOperation[]>,
  operation: AnyOperation,
): Access {
  const local = operation.access.scope;
  const scope = hasPlainScopes ? local : `${name}.${local}`;
  assert(isScope(scope), `service "${name}": ${operation.id} has the scope "${scope}": write it like people:read`);
  return { scope, audience: operation.access.audience ?? audience };
}
