/** Opens one connection with Roost's settings, pooled or dedicated. */
import type { Socket } from "node:net";
import { Client, type ClientBase, type ClientConfig, type QueryConfig } from "pg";
import { refuseReplica, type ServerHosts } from "./server-hosts.ts";
import { connectTimeoutMsMax, toDatabaseError } from "./to-database-error.ts";
import { valueParsers } from "./value-parsers.ts";

const idleInTransactionMsMaxDefault = 60_000;
const keepAliveIdleSeconds = 10;
const keepAliveIntervalSeconds = 5;
const keepAliveProbesMax = 3;
/** How long the server waits for the other side to take what it has sent: a host that went without a word holds its locks no longer. */
const unacknowledgedMsMax = 20_000;
/** An answer that takes this many times what one statement may does not come. */
const answerFactor = 2;

/** With what the driver's types lack: whether the connection keeps the process going, and the server's process that it was told. */
export type PgClient = Client & { ref(): void; unref(): void; processID: number | null };

export interface ConnectionSettings {
  hosts: ServerHosts;
  applicationName: string;
  /** 0 is no limit. */
  statementTimeoutMsMax: number;
  idleInTransactionMsMax?: number | undefined;
  /** The server refuses every write. */
  isReadOnly?: boolean;
}

export function clientConfig(settings: ConnectionSettings): ClientConfig {
  return {
    application_name: settings.applicationName,
    connectionTimeoutMillis: connectTimeoutMsMax,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveIdleSeconds * 1000,
    types: valueParsers,
  };
}

/**
 * Set by SQL rather than in the startup packet, where poolers such as PgBouncer refuse settings. Resolves to whether a pooler is on the way to the
 * server.
 */
export async function prepareConnection(client: ClientBase, settings: ConnectionSettings): Promise<boolean> {
  const statement: QueryConfig & { query_timeout: number } = {
    // A pooler lets clients in and has them wait here for a connection that is free.
    query_timeout: connectTimeoutMsMax,
    text: `SELECT set_config(name, value, false), current_setting('transaction_read_only') = 'on' AS "isReadOnly", pg_backend_pid() AS "processId" FROM (VALUES
      ('statement_timeout', $1),
      ('idle_in_transaction_session_timeout', $2),
      ('tcp_keepalives_idle', $3),
      ('tcp_keepalives_interval', $4),
      ('tcp_keepalives_count', $5),
      ('tcp_user_timeout', $6),
      ('default_transaction_read_only', coalesce($7, current_setting('default_transaction_read_only')))) AS setting (name, value)`,
    values: [
      settings.statementTimeoutMsMax,
      settings.idleInTransactionMsMax ?? idleInTransactionMsMaxDefault,
      keepAliveIdleSeconds,
      keepAliveIntervalSeconds,
      keepAliveProbesMax,
      unacknowledgedMsMax,
      settings.isReadOnly === true ? "on" : null,
    ].map((value) => value?.toString()),
  };
  const { rows } = await client.query<{ isReadOnly: boolean; processId: number }>(statement);
  const { isReadOnly, processId } = rows[0]!;
  // What cancels a statement needs the server's process; a pooler has told a number of its own.
  const { processID: told } = client as PgClient;
  Object.assign(client, { processID: processId });
  if (settings.hosts.mustWrite && isReadOnly) throw refuseReplica();
  watchAnswers(client, settings);
  return told !== processId;
}

/** What the driver's types do not say. */
type Driver = { connection: { stream: Socket }; readyForQuery: boolean };

/**
 * Keepalives do not run while something sent waits to be taken: without this a statement to a host that went without a word waits for a quarter of an
 * hour. Any byte begins the time anew.
 */
function watchAnswers(client: ClientBase, settings: ConnectionSettings): void {
  const driver = client as unknown as Driver;
  const { stream } = driver.connection;
  // Each time: a callback of setTimeout is called once, and it is an idle connection that calls it first.
  stream.on("timeout", () => {
    if (driver.readyForQuery) return;
    stream.destroy(new Error(`Connection terminated: no answer within ${answerMsMax(settings)} ms`));
  });
  limitAnswers(client, settings, true);
}

/** Whether an answer has to come in time. Off for statements without a limit, as those of a migration. */
export function limitAnswers(client: ClientBase, settings: ConnectionSettings, isOn: boolean): void {
  (client as unknown as Driver).connection.stream.setTimeout(isOn ? answerMsMax(settings) : 0);
}

/** 0: statements have no limit. */
function answerMsMax({ statementTimeoutMsMax }: ConnectionSettings): number {
  return statementTimeoutMsMax * answerFactor;
}

/** A connection outside the pool. Throws the driver's error. */
export function connectClient(settings: ConnectionSettings): Promise<PgClient> {
  return settings.hosts.connect((url) => connectTo(url, settings));
}

/** The same. @throws RoostError as toDatabaseError makes it */
export async function openClient(settings: ConnectionSettings): Promise<PgClient> {
  try {
    return await connectClient(settings);
  } catch (error) {
    throw toDatabaseError(error);
  }
}

async function connectTo(connectionString: string, settings: ConnectionSettings): Promise<PgClient> {
  const client = new Client({ ...clientConfig(settings), connectionString }) as PgClient;
  // An unhandled 'error' ends the process; 'end' reports the loss.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await prepareConnection(client, settings);
    return client;
  } catch (error) {
    void client.end().catch(() => undefined);
    throw error;
  }
}
