/** A connection for a process's administration of its test server, one statement after the other. Keeps the process alive only while one runs. */
import { Client } from "pg";
import type { PgClient } from "../connect-client.ts";

export interface Administrator {
  query(text: string): Promise<void>;
}

/** Connecting costs as much as cloning half a database: once per process, and again only when it was lost. */
export function createAdministrator(url: string): Administrator {
  let connecting: Promise<PgClient> | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  const connect = async () => {
    const client = new Client({ connectionString: url }) as PgClient;
    const forget = () => void (connecting = undefined);
    client.once("end", forget).on("error", forget);
    await client.connect();
    return client;
  };
  const run = async (text: string) => {
    connecting ??= connect();
    const client = await connecting.catch((error: unknown) => {
      connecting = undefined;
      throw error;
    });
    client.ref();
    try {
      await client.query(text);
    } finally {
      client.unref();
    }
  };
  return {
    query(text) {
      const done = tail.then(() => run(text));
      tail = done.catch(() => undefined);
      return done;
    },
  };
}
