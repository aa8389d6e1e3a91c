/** Opens one connection with Roost's settings, pooled or dedicated. */
import { Client, type ClientBase, type ClientConfig } from "pg";
import { valueParsers } from "./value-parsers.ts";

const connectTimeoutMsMax = 10_000;
const idleInTransactionMsMaxDefault = 60_000;
const keepAliveIdleSeconds = 10;
const keepAliveIntervalSeconds = 5;
const keepAliveProbesMax = 3;

export interface ConnectionSettings {
  url: string;
  applicationName: string;
  statementTimeoutMsMax: number;
  idleInTransactionMsMax?: number | undefined;
  /** The server refuses every write. */
  isReadOnly?: boolean;
}

export function clientConfig(settings: ConnectionSettings): ClientConfig {
  return {
    connectionString: settings.url,
    application_name: settings.applicationName,
    connectionTimeoutMillis: connectTimeoutMsMax,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveIdleSeconds * 1000,
    types: valueParsers,
  };
}

/** Set by SQL rather than in the startup packet, where poolers such as PgBouncer refuse settings. */
export async function prepareConnection(client: ClientBase, settings: ConnectionSettings): Promise<void> {
  await client.query(
    `SELECT set_config(name, value, false) FROM (VALUES
      ('statement_timeout', $1),
      ('idle_in_transaction_session_timeout', $2),
      ('tcp_keepalives_idle', $3),
      ('tcp_keepalives_interval', $4),
      ('tcp_keepalives_count', $5),
      ('default_transaction_read_only', coalesce($6, current_setting('default_transaction_read_only')))) AS setting (name, value)`,
    [
      settings.statementTimeoutMsMax,
      settings.idleInTransactionMsMax ?? idleInTransactionMsMaxDefault,
      keepAliveIdleSeconds,
      keepAliveIntervalSeconds,
      keepAliveProbesMax,
      settings.isReadOnly === true ? "on" : null,
    ].map((value) => value?.toString()),
  );
}

/** A connection outside the pool. Throws the driver's error. */
export async function connectClient(settings: ConnectionSettings): Promise<Client> {
  const client = new Client(clientConfig(settings));
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
