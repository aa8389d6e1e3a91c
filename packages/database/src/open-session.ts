import { RoostError } from "@roost/base";
import type { Client } from "pg";
import { openClient, type ConnectionSettings } from "./connect-client.ts";
import type { QueryOptions, DatabaseSession } from "./database.ts";
import { runQuery } from "./run-query.ts";
import { toDatabaseError } from "./to-database-error.ts";

/** A connection outside the pool, so that holding it for long does not exhaust the pool. */
export async function openSession(settings: ConnectionSettings): Promise<DatabaseSession> {
  const client = await openClient(settings);
  return createSession(client, () => client.end());
}

/** `end` is called once, and decides what becomes of the connection. */
export function createSession(client: Client, end: () => Promise<void>): DatabaseSession {
  const lost = new AbortController();
  const lose = (cause?: unknown) =>
    lost.abort(new RoostError("unavailable", "the session's connection to PostgreSQL was lost or closed", { cause }));
  const onEnd = () => lose();
  client.on("error", lose).on("end", onEnd);

  let tail: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | undefined;
  const close = async () => {
    await end().catch(() => undefined);
    client.off("error", lose).off("end", onEnd);
    lose();
  };
  const run = async <Row>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> => {
    if (lost.signal.aborted) throw lost.signal.reason;
    try {
      return await runQuery<Row>(client, text, values, options);
    } catch (error) {
      throw toDatabaseError(error);
    }
  };
  return {
    lost: lost.signal,
    query(text, values, options) {
      const rows = tail.then(() => run<any>(text, values, options));
      tail = rows.catch(() => undefined);
      return rows;
    },
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}
