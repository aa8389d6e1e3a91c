/** Sessions of one test after another on connections that stay: opening one costs the server as much as ten statements. Keeps no process alive. */
import { openClient, type ConnectionSettings, type PgClient } from "../connect-client.ts";
import type { DatabaseSession } from "../database.ts";
import { createSession } from "../open-session.ts";

export interface KeptSessions extends AsyncDisposable {
  open(): Promise<DatabaseSession>;
}

/** What would be left of a session for the next one. Of several statements in one text any may do it. */
const changesSession = /^\s*(?:set|reset|listen|prepare|declare|discard|create temp)|\bset_config\s*\(|;\s*\S/i;

export function keepSessions(settings: ConnectionSettings): KeptSessions {
  const idle = new Set<PgClient>();

  async function take(): Promise<PgClient> {
    for (const client of idle) {
      idle.delete(client);
      client.ref();
      return client;
    }
    const client = await openClient(settings);
    return client.on("end", () => idle.delete(client));
  }

  return {
    async open() {
      const client = await take();
      let runningCount = 0;
      let isClean = true;
      const session = createSession(client, async () => {
        const isKept = isClean && runningCount === 0 && !session.lost.aborted;
        if (!isKept) return await client.end();
        // Also what a test left open.
        await client.query("rollback; select pg_advisory_unlock_all()");
        client.unref();
        idle.add(client);
      });
      return {
        ...session,
        async query(text, values, options) {
          isClean &&= !changesSession.test(text);
          runningCount += 1;
          try {
            return await session.query(text, values, options);
          } finally {
            runningCount -= 1;
          }
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const client of idle) client.ref();
      await Promise.all([...idle].map((client) => client.end()));
    },
  };
}
