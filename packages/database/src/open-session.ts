import { RoostError } from "@roost/base";
import { Client } from "pg";
import { connectionSettings, type ConnectionSettings } from "./connection-settings.ts";
import type { QueryOptions, Session } from "./database.ts";
import { runQuery } from "./run-query.ts";
import { toDatabaseError } from "./to-database-error.ts";

/** A connection outside the pool, so that holding it for hours starves nobody. */
export async function openSession(settings: ConnectionSettings): Promise<Session> {
  const client = new Client(connectionSettings(settings));
  const lost = new AbortController();
  const lose = (cause?: unknown) =>
    lost.abort(
      new RoostError("unavailable", "the session was closed or its connection to PostgreSQL was lost", { cause }),
    );
  client.on("error", lose);
  client.on("end", () => lose());
  await client.connect().catch((error: unknown) => {
    throw toDatabaseError(error);
  });

  let tail: Promise<unknown> = Promise.resolve();
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
    async [Symbol.asyncDispose]() {
      await client.end().catch(() => undefined);
      lose();
    },
  };
}
