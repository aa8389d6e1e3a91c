/**
 * A kernel interrupted at a chosen point: before one of its statements, before a commit, or after one. It shares the database with the kernel it is
 * made from, and does not affect that one's background work.
 */
import { RoostError } from "@roost/base";
import { until } from "@roost/base/testing/until";
import type { Sql } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";

export interface Place {
  /** From 1, over everything that this kernel does. */
  number: number;
  /** About to send a statement; about to append and commit; the server has just committed, without an answer yet. */
  before: "statement" | "commit" | "answer";
  /** The connection; undefined before an answer. */
  sql: Sql | undefined;
}

/** What it throws is what the caller sees. */
export function interruptKernel(kernel: Kernel, atPlace: (place: Place) => Promise<void>): Kernel {
  let placeCount = 0;
  const reach = (before: Place["before"], sql?: Sql) => atPlace({ number: (placeCount += 1), before, sql });
  const interrupt = (tx: KernelTransaction): KernelTransaction => ({
    emit: (draft) => tx.emit(draft),
    readLabels: (number) => tx.readLabels(number),
    labelSet: (labels) => tx.labelSet(labels),
    attempt: (work) => tx.attempt(work),
    wake: (channel) => tx.wake(channel),
    afterCommit: (callback) => tx.afterCommit(callback),
    async query(text, values, options) {
      await reach("statement", tx);
      return tx.query(text, values, options);
    },
  });
  const { database } = kernel;
  return {
    ...kernel,
    database: {
      transact: (work, options) => database.transact(work, options),
      together(work) {
        return work(this);
      },
      listen: (channel, onPayload) => database.listen(channel, onPayload),
      openSession: (options) => database.openSession(options),
      [Symbol.asyncDispose]: async () => undefined,
      async query(text, values, options) {
        await database.transact((tx) => reach("statement", tx));
        const rows = await database.query<any>(text, values, options);
        await reach("answer");
        return rows;
      },
    },
    async transact(work, options) {
      const result = await kernel.transact(async (tx) => {
        const value = await work(interrupt(tx));
        await reach("commit", tx);
        return value;
      }, options);
      await reach("answer");
      return result;
    },
  };
}

/** Ends the server's side of the connection, with all that it held; after a commit its answer does not arrive. */
export async function loseConnection({ sql }: Place, database: Sql): Promise<never> {
  if (sql !== undefined) {
    const [backend] = await sql.query<{ pid: number }>("select pg_backend_pid() as pid");
    try {
      await sql.query("select pg_terminate_backend(pg_backend_pid())");
    } finally {
      // The connection is closed a moment before its locks are released.
      const isThere = "select 1 from pg_stat_activity where pid = $1";
      await until(async () => (await database.query(isThere, [backend!.pid])).length === 0);
    }
  }
  throw new RoostError("unavailable", "the connection was lost during the commit", { details: { outcome: "unknown" } });
}
