/** A database that counts what it is asked for: every statement by its name, and every commit that waits for the disk. */
import type { CommittingTransaction, Database, QueryOptions, Transaction, TransactOptions } from "../database.ts";

export interface CountedDatabase extends Database {
  /** Names of statements, or how their texts begin, in order. BEGIN and COMMIT travel with others and are not among them. */
  readonly statements: string[];
  /** Round trips: statements of one transaction that wait for no answer travel together. */
  readonly tripCount: number;
  /** Commits that had written something and waited for the disk, as with a durable server. */
  readonly flushCount: number;
  /** From here on it counts anew. */
  reset(): void;
}

/** Its owner disposes of the database itself. */
export function countStatements(database: Database): CountedDatabase {
  let statements: string[] = [];
  let flushCount = 0;
  let tripCount = 0;

  async function transact<T>(work: (tx: CommittingTransaction) => Promise<T>, options?: TransactOptions): Promise<T> {
    const { result, isFlushed } = await database.transact(async (tx) => {
      // A server for tests waits for no disk.
      await tx.query("set local synchronous_commit = on");
      let isGathering = false;
      const query = <Row>(text: string, values?: unknown[], queryOptions?: QueryOptions) => {
        statements.push(queryOptions?.name ?? text.trim().slice(0, 60));
        if (!isGathering) {
          tripCount += 1;
          isGathering = true;
          process.nextTick(() => queueMicrotask(() => (isGathering = false)));
        }
        return tx.query<Row>(text, values, queryOptions);
      };
      const worked = await work({ query, commitWith: query });
      return { result: worked, isFlushed: await waitsForDisk(tx) };
    }, options);
    if (isFlushed) flushCount += 1;
    return result;
  }

  return {
    get statements() {
      return statements;
    },
    get tripCount() {
      return tripCount;
    },
    get flushCount() {
      return flushCount;
    },
    reset() {
      statements = [];
      flushCount = 0;
      tripCount = 0;
    },
    transact,
    together: (work) => transact(work),
    query: (text, values, options) => transact((tx) => tx.query(text, values, options)),
    listen: (channel, onPayload) => database.listen(channel, onPayload),
    openSession: (options) => database.openSession(options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function waitsForDisk(tx: Transaction): Promise<boolean> {
  const [row] = await tx.query<{ waits: boolean }>(
    "select pg_current_xact_id_if_assigned() is not null and current_setting('synchronous_commit') <> 'off' as waits",
  );
  return row!.waits;
}
