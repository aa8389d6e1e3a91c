/**
 * A statement that travels together with the BEGIN before it, the COMMIT behind it, or both: one round trip instead of two or
 * three. Up to its Sync a pipeline of the extended protocol stands or falls as one: after a failure the server skips the rest,
 * so a statement never runs outside the transaction that did not begin, and a failed one is never committed.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
import { Query, type ClientBase, type Connection, type QueryResult } from "pg";
import type { QueryOptions } from "./database.ts";

const beginName = "roost_begin";
const commitName = "roost_commit";

export interface Enclosure {
  /** In the default isolation level, read committed. */
  begins: boolean;
  commits: boolean;
}

export interface EnclosedResult<Row> {
  rows: Row[];
  /** The command tag of the COMMIT, if there was one: ROLLBACK when the transaction had failed before. */
  committed: string | undefined;
}

/** Has the connection know both commands by name, so that neither is parsed again. Runs `work` between them. */
export async function prepareEnclosures(client: ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query({ name: beginName, text: "BEGIN" });
  await work();
  await client.query({ name: commitName, text: "COMMIT" });
}

/** One statement on a connection that has been prepared for it. Throws the driver's error. */
export function runEnclosed<Row>(
  client: ClientBase,
  enclosure: Enclosure,
  statement: { text: string; values?: unknown[] | undefined; options?: QueryOptions | undefined },
): Promise<EnclosedResult<Row>> {
  const { text, values = [], options = {} } = statement;
  return new Promise((resolve, reject) => {
    // The driver's types leave out queryMode.
    const config = { text, values, queryMode: "extended", ...options };
    const query = new Query(config, (error: Error | undefined, answer: unknown) => {
      if (error) {
        reject(error);
        return;
      }
      // One result for each command of the pipeline, in their order.
      const results = [answer].flat() as QueryResult[];
      const own = results[enclosure.begins ? 1 : 0];
      resolve({
        rows: (own?.rows ?? []) as Row[],
        committed: enclosure.commits ? results.at(-1)?.command : undefined,
      });
    });
    const submit = query.submit;
    query.submit = (connection) => submit.call(query, enclose(connection, enclosure));
    client.query(query);
  });
}

/** The connection as the driver's query sees it: its first message comes after BEGIN, its last before COMMIT. */
function enclose(connection: Connection, { begins, commits }: Enclosure): Connection {
  const messages = connection as unknown as Record<"parse" | "bind" | "execute", (message: object) => void>;
  const runPrepared = (statement: string) => {
    messages.bind({ statement });
    messages.execute({});
  };
  let hasBegun = !begins;
  const begin = () => {
    if (!hasBegun) runPrepared(beginName);
    hasBegun = true;
  };
  return Object.assign(Object.create(connection) as Connection, {
    parse(message: object) {
      begin();
      messages.parse(message);
    },
    bind(message: object) {
      begin();
      messages.bind(message);
    },
    execute(message: object) {
      messages.execute(message);
      if (commits) runPrepared(commitName);
    },
  });
}
