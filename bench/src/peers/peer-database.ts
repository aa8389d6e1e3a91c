/** A database for one program of the comparison, on the server that all share, dropped when it is done. */
import type { Database } from "@roost/database";

export interface PeerDatabase extends AsyncDisposable {
  url: string;
}

export async function createPeerDatabase(
  server: { url: string; database: Database },
  name: string,
): Promise<PeerDatabase> {
  const database = `bench_${name.replaceAll(/[^a-z0-9]/g, "_")}`;
  await server.database.query(`drop database if exists ${database} with (force)`);
  await server.database.query(`create database ${database}`);
  return {
    url: peerUrl(server.url, database),
    [Symbol.asyncDispose]: async () => {
      await server.database.query(`drop database if exists ${database} with (force)`);
    },
  };
}

/** With the socket's directory as the host: some peers look for a host and a user in front of the path. */
export function peerUrl(serverUrl: string, database: string): string {
  const { searchParams } = new URL(serverUrl);
  const [host, port, user] = ["host", "port", "user"].map((name) => searchParams.get(name) ?? "");
  return `postgresql://${encodeURIComponent(user!)}@${encodeURIComponent(host!)}:${port}/${database}?sslmode=disable`;
}
