import type { ClientConfig } from "pg";
import { valueParsers } from "./value-parsers.ts";

const connectTimeoutMsMax = 10_000;
const idleInTransactionMsMax = 60_000;
const keepAliveIdleMs = 10_000;

export interface ConnectionSettings {
  url: string;
  applicationName: string;
  statementTimeoutMsMax: number;
}

/** What every connection is opened with, pooled or dedicated. */
export function connectionSettings(settings: ConnectionSettings): ClientConfig {
  return {
    connectionString: settings.url,
    application_name: settings.applicationName,
    statement_timeout: settings.statementTimeoutMsMax,
    idle_in_transaction_session_timeout: idleInTransactionMsMax,
    connectionTimeoutMillis: connectTimeoutMsMax,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveIdleMs,
    types: valueParsers,
  };
}
