/**
 * Sends statements together, optionally with BEGIN before and COMMIT after them, in one round trip. Up to its Sync a pipeline of the extended
 * protocol succeeds or fails as a whole: after a failure the server skips the rest, so no statement runs outside its transaction, and a failed one
 * is never committed. The driver's own pipelining sends a Sync after each statement and cannot promise this.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
import { Query, type ClientBase, type Connection, type QueryResult, type Submittable } from "pg";
import type { QueryOptions } from "./database.ts";
import { valueParsers } from "./value-parsers.ts";

export interface Statement {
  text: string;
  values?: unknown[] | undefined;
  options?: QueryOptions | undefined;
}

export interface Pipeline {
  /** In the default isolation level, read committed. */
  begins: boolean;
  statements: readonly Statement[];
  commits: boolean;
}

export interface PipelineResult {
  /** One per statement. Statements after a failed one did not run and have its (the driver's) error. */
  outcomes: ({ rows: unknown[] } | { error: unknown })[];
  /** The result of COMMIT, if there was one: its command tag (ROLLBACK when the transaction had failed), or an error. */
  commit: { tag: string } | { error: unknown } | undefined;
}

const begin: Statement = { text: "BEGIN", options: { name: "roost_begin" } };
const commit: Statement = { text: "COMMIT", options: { name: "roost_commit" } };

/** Never rejects: the result holds the failure and what ran before it. */
export async function runPipeline(
  client: ClientBase,
  { begins, statements, commits }: Pipeline,
): Promise<PipelineResult> {
  const all = [...(begins ? [begin] : []), ...statements, ...(commits ? [commit] : [])];
  const outcomes = await new Promise<Outcome[]>((resolve) => void client.query(new Submission(all, resolve)));
  const own = outcomes.slice(begins ? 1 : 0, commits ? -1 : undefined);
  const last = outcomes.at(-1)!;
  return {
    outcomes: own.map((outcome) => ("error" in outcome ? outcome : { rows: outcome.result.rows })),
    commit: !commits ? undefined : "error" in last ? last : { tag: last.result.command },
  };
}

type Outcome = { result: QueryResult } | { error: unknown };

/** The driver takes this for one query: it passes the server's messages to the statement in turn. */
class Submission implements Submittable {
  readonly #queries: DriverQuery[];
  readonly #outcomes: Outcome[] = [];
  readonly #resolve: (outcomes: Outcome[]) => void;
  /** How many the server has finished. */
  #answered = 0;

  constructor(statements: readonly Statement[], resolve: (outcomes: Outcome[]) => void) {
    this.#resolve = resolve;
    this.#queries = statements.map(({ text, values = [], options = {} }, index) => {
      // The driver's types lack queryMode.
      const config = { text, values, queryMode: "extended", types: valueParsers, ...options };
      if (options.name !== undefined) config.name = `${ownPrefix}${options.name}`;
      return new Query(config, (error: Error | undefined, result: unknown) => {
        this.#outcomes[index] ??= error ? { error } : { result: result as QueryResult };
      }) as unknown as DriverQuery;
    });
  }

  /** Sends all messages, up to a statement that the driver refuses, and one Sync. */
  submit(connection: Connection): Error | null {
    const prepared = preparedOn(connection);
    const { doubtful, ...maps } = prepared;
    const open = Object.assign(Object.create(connection) as Connection, { sync() {}, ...maps });
    connection.stream.cork();
    try {
      for (const [index, query] of this.#queries.entries()) {
        // Closing what is not there is no error.
        if (query.name !== undefined && doubtful.delete(query.name))
          connection.close({ type: "S", name: query.name }, true);
        const refused = query.submit(open);
        const outcome = this.#outcomes[index];
        if (refused === null && outcome === undefined) continue;
        // It was parsed and closed again, because its values could not be sent.
        if (refused === null && query.name !== undefined) delete maps.submittedNamedStatements[query.name];
        // The caller's mistake rather than the connection's: nothing of it was sent.
        const cause = refused ?? (outcome as { error: Error }).error;
        this.#outcomes[index] = { error: new TypeError(cause.message, { cause }) };
        break;
      }
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
    return null;
  }

  handleRowDescription(message: unknown): void {
    this.#queries[this.#answered]!.handleRowDescription(message);
  }
  handleDataRow(message: unknown): void {
    this.#queries[this.#answered]!.handleDataRow(message);
  }
  handleCommandComplete(message: unknown, connection: Connection): void {
    this.#queries[this.#answered]!.handleCommandComplete(message, connection);
    this.#answered += 1;
  }
  handleEmptyQuery(): void {
    this.#answered += 1;
  }
  handleCopyInResponse(connection: Connection): void {
    this.#queries[this.#answered]!.handleCopyInResponse(connection);
  }
  handleCopyData(): void {}

  /** An error of the server or the connection: for the statement in turn. */
  handleError(error: unknown, connection: Connection): void {
    this.#outcomes[this.#answered] ??= { error };
    this.handleReadyForQuery(connection);
  }

  handleReadyForQuery(connection: Connection): void {
    const { parsedStatements, submittedNamedStatements, doubtful } = preparedOn(connection);
    for (const [index, { name, text }] of this.#queries.entries()) {
      if (name === undefined || submittedNamedStatements[name] === undefined) continue;
      delete submittedNamedStatements[name];
      // One that failed may have been parsed before, one that was skipped was not.
      if (index < this.#answered) parsedStatements[name] = text;
      else doubtful.add(name);
    }
    for (const query of this.#queries.slice(0, this.#answered)) query.handleReadyForQuery(connection);
    const failed = this.#outcomes.find((outcome) => outcome !== undefined && "error" in outcome);
    const missing = failed ?? { error: new Error("the server did not answer a statement of a pipeline") };
    this.#resolve(this.#queries.map((_query, index) => this.#outcomes[index] ?? missing));
  }
}

/** Members of the driver's query that its client uses and its types lack. */
interface DriverQuery {
  name: string | undefined;
  text: string;
  submit(connection: Connection): Error | null;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
  handleCopyInResponse(connection: Connection): void;
  handleReadyForQuery(connection: Connection): void;
}

/** What pipelines have prepared on a connection: the driver, which sends each statement alone, does not know of it, nor of the names. */
interface Prepared {
  /** Texts of names that were sent for parsing, without an answer yet. */
  submittedNamedStatements: Record<string, string>;
  /** Texts of names that are parsed. */
  parsedStatements: Record<string, string>;
  /** Names that may be parsed or not: closed before they are sent again. */
  doubtful: Set<string>;
}

const ownPrefix = "p:";
/** By connection, and gone with it: a transaction has no other place that outlives it. */
const allPrepared = new WeakMap<object, Prepared>();

function preparedOn(connection: Connection): Prepared {
  const known = allPrepared.get(connection);
  if (known !== undefined) return known;
  const prepared = { submittedNamedStatements: {}, parsedStatements: {}, doubtful: new Set<string>() };
  allPrepared.set(connection, prepared);
  return prepared;
}
