import { Client, type QueryResult } from "pg";
import type { PeerSetup } from "../src/peers/peer.ts";

/** One statement on a connection of its own. */
export async function query(setup: PeerSetup, text: string, values: unknown[] = []): Promise<QueryResult> {
  const client = new Client({ connectionString: setup.databaseUrl });
  await client.connect();
  try {
    // Without values it may be several statements in one text.
    return await (values.length === 0 ? client.query(text) : client.query(text, values));
  } finally {
    await client.end();
  }
}
