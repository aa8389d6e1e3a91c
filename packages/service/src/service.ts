/** A domain service as a value: its contract with its handlers. Only the process that hosts it has this; all others have contracts. */
import type { Clock, JsonObject, JsonValue, Logger } from "@roost/base";
import type { AnyOperation, Client, EventDefinition, EventDataOf, Served, ServiceContract } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { FailurePolicy, StoredEvent } from "@roost/kernel";

export interface Service {
  readonly contract: ServiceContract;
  /** Registers the handler of each operation: `serve(operation, handler)`. */
  readonly handlers: (context: ServiceContext) => readonly Served[];
  readonly consumers?: readonly Consumer[];
  /** Folder of its `*.sql`, applied in its schema in order of names. */
  readonly migrations?: URL;
  readonly projections?: readonly ServiceProjection[];
  /** What the agents of its domain are told of it. Of a folder: its domain.yaml and AGENTS.md. */
  readonly guide?: string;
}

export interface ServiceContext {
  readonly database: ServiceDatabase;
  /** Calls another service, as this one: `clientFor(peepsContract).getPerson(…)`. Not inside of a transaction. */
  readonly clientFor: <const Ops extends readonly AnyOperation[]>(contract: ServiceContract<Ops>) => Client<Ops>;
  readonly clock: Clock;
  /** The home's, as in Europe/Berlin: what its person calls today. */
  readonly timeZone: string;
  readonly logger: Logger;
}

/** Its own schema, through a role that reaches nothing else; its transactions give access to the log. */
export interface ServiceDatabase extends Sql {
  /** Writes, cursors and events of one call of `work` commit together. After a conflict all of it is repeated. */
  transact<T>(work: (tx: ServiceTransaction) => Promise<T>): Promise<T>;
  /** The epoch of a lease by this name while this process holds it; undefined while another does. */
  takeLease(name: string, options: { ttlMs: number }): Promise<number | undefined>;
  releaseLease(name: string): Promise<void>;
}

export interface ServiceTransaction extends Sql {
  /**
   * Appends one of the service's events in this transaction; returns its id.
   * @throws RoostError `invalid_input` when its data does not match its schema
   */
  emit<Event extends EventDefinition>(event: Event, draft: ServiceEvent<EventDataOf<Event>>): string;
  /** How runs ended whose agents called this service (`principal.run` of a call). Not in the map: it is not kept any more. */
  outcomesOf(runIds: readonly string[]): Promise<ReadonlyMap<string, CallerOutcome>>;
  /** The result of the first call with this key; `compute` is part of this transaction. @throws RoostError `conflict` for another fingerprint */
  once<T extends JsonValue>(key: OnceOptions, compute: () => Promise<T>): Promise<{ result: T; isRepeated: boolean }>;
}

/** `open`: it goes on, or will; `failed`: it ended without its result. */
export type CallerOutcome = "open" | "done" | "failed";

export interface ServiceEvent<Data = JsonObject> {
  subject?: string | undefined;
  /** Events with the same key keep their order. Default: the subject. */
  key?: string | undefined;
  data: Data;
  correlation?: string | undefined;
  causation?: string | undefined;
  traceparent?: string | undefined;
  /** Default: those of the contract. The database limits them to the service's own audience and an agent's trust. */
  labels?: readonly string[] | undefined;
}

export interface OnceOptions {
  scope: string;
  key: string;
  fingerprint?: string | undefined;
  keepMs?: number | undefined;
}

/** An event as a service reads it: for every session or of its own domain. */
export type ReadEvent = Omit<StoredEvent, "key">;

/** Reads event types in order. Events, their effects and the place are one transaction, of several events while none fails. */
export interface Consumer {
  /** Lower case, unique in the service. */
  readonly name: string;
  readonly types: readonly string[];
  /**
   * What an event does that fails. Default "stop", for what would be wrong without it: its partition stands until it succeeds or a person
   * skips it. `setAsideAfter`: it and later ones of its key (its subject, where it has none of its own) wait apart and all others go on.
   */
  readonly onFailure?: FailurePolicy;
  /** Whether retention keeps what it has not read. Default: no. */
  readonly pinsRetention?: boolean;
  /** Once in each transaction, before its first event: a lock that the events of the transaction share. */
  readonly begin?: (tx: ServiceTransaction) => Promise<void>;
  readonly handle: (event: ReadEvent, tx: ServiceTransaction) => Promise<void>;
}

/** A consumer whose tables are derived from the log only: rebuilding them gives the same content. */
export interface ServiceProjection extends Omit<Consumer, "onFailure"> {
  /** In the service's schema; emptied when the projection is rebuilt. */
  readonly tables: readonly string[];
}
