/** A connection for a process's administration of its test server. Does not keep the process alive. */
import { Client } from "pg";
import type { PgClient } from "../connect-client.ts";

export interface Administrator {
  query(text: string): Promise<void>;
}

/** Connecting costs as much as cloning half a database: once per process, and again only when it was lost. */
export function createAdministrator(url: string): Administrator {
  let connecting: Promise<PgClient> | undefined;
  let waitingCount = 0;

  const connect = async () => {
    const client = new Client({ connectionString: url }) as PgClient;
    const forget = () => void (connecting = undefined);
    client.once("end", forget).on("error", forget);
    await client.connect();
    return client;
  };
  return {
    async query(text) {
      connecting ??= connect();
      const client = await connecting.catch((error: unknown) => {
        connecting = undefined;
        throw error;
      });
      waitingCount += 1;
      client.ref();
      try {
        await client.query(text);
      } finally {
        waitingCount -= 1;
        if (waitingCount === 0) client.unref();
      }
    },
  };
}
