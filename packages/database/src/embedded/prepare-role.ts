/** What a new embedded server is prepared with: the role and the database that Roost uses, and what no role may do. Knows no table. */
import { Client, escapeIdentifier } from "pg";
import { noLargeObjects } from "../login-statements.ts";
import { clusterOwner } from "./initialize-cluster.ts";
import { serverUrl } from "./server-url.ts";

export const roleName = "roost";
export const databaseName = "roost";

/** Creates the role and database that everything uses: not a superuser, so that SQL reaches no files or programs. */
export async function prepareRole(socketDirectory: string): Promise<void> {
  const client = new Client({
    connectionString: serverUrl(socketDirectory, { user: clusterOwner, database: "postgres" }),
    application_name: "roost start",
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ role: boolean; database: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS role, EXISTS (SELECT FROM pg_database WHERE datname = $2) AS database`,
      [roleName, databaseName],
    );
    const [found] = rows;
    if (!found?.role) {
      await ignoreExisting(
        client.query(`CREATE ROLE ${escapeIdentifier(roleName)} LOGIN CREATEDB CREATEROLE IN ROLE pg_monitor`),
      );
    }
    if (!found?.database) {
      await refuseLargeObjects(socketDirectory);
      await ignoreExisting(
        client.query(`CREATE DATABASE ${escapeIdentifier(databaseName)} OWNER ${escapeIdentifier(roleName)}`),
      );
    }
  } finally {
    await client.end();
  }
}

/** Any role may make large objects, which belong to no schema: not on this server. What is created later is a copy of this template. */
async function refuseLargeObjects(socketDirectory: string): Promise<void> {
  const url = serverUrl(socketDirectory, { user: clusterOwner, database: "template1" });
  const client = new Client({ connectionString: url, application_name: "roost start" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(noLargeObjects);
  } finally {
    await client.end();
  }
}

// Two processes may prepare at the same time.
async function ignoreExisting(work: Promise<unknown>): Promise<void> {
  const duplicates = ["42710", "42P04", "23505"];
  await work.catch((error: { code?: string }) => {
    if (!duplicates.includes(error.code ?? "")) throw error;
  });
}
