/** The bundled server's settings, each with its reason. Starts nothing. */
import { serverPort } from "./server-url.ts";

export interface ServerSettingsOptions {
  dataDirectory: string;
  socketDirectory: string;
  /** false only for disposable databases: a power cut then costs the whole cluster. */
  durable: boolean;
}

/** Arguments of `postgres`. Passed at each start, so that a newer Roost changes them without touching the data. */
export function serverArguments({ dataDirectory, socketDirectory, durable }: ServerSettingsOptions): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: "",
    unix_socket_directories: socketDirectory,
    port: serverPort,
    max_connections: 60,
    // Idle memory: the whole product stays far below 400 MB.
    shared_buffers: "64MB",
    work_mem: "4MB",
    maintenance_work_mem: "64MB",
    effective_cache_size: "1GB",
    io_method: "sync",
    max_worker_processes: 4,
    max_logical_replication_workers: 0,
    max_parallel_workers_per_gather: 0,
    jit: "off",
    // SSD.
    random_page_cost: 1.1,
    min_wal_size: "80MB",
    max_wal_size: "512MB",
    checkpoint_timeout: "15min",
    idle_in_transaction_session_timeout: "60s",
    // A vanished client must not hold its locks until the statement ends.
    client_connection_check_interval: "1s",
    autovacuum_vacuum_cost_delay: "2ms",
    autovacuum_vacuum_scale_factor: 0.05,
    autovacuum_naptime: "30s",
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] %q%a ",
    log_checkpoints: "off",
    // The log never holds the values of statements: personal texts stay in the database.
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    ...(durable
      ? {}
      : {
          // Each process of the tests keeps a few databases with their connections.
          max_connections: 1_000,
          fsync: "off",
          full_page_writes: "off",
          synchronous_commit: "off",
          autovacuum_naptime: "1h",
          max_prepared_transactions: 4,
        }),
  };
  return ["-D", dataDirectory, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}
