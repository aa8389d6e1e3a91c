export { readFunctions } from "./apply-functions.ts";
export { applyMigrations, type ApplyMigrationsOptions } from "./apply-migrations.ts";
export type {
  CommittingTransaction,
  Database,
  QueryOptions,
  DatabaseSession,
  Sql,
  TransactOptions,
  Transaction,
} from "./database.ts";
export {
  openEmbeddedPostgres,
  type EmbeddedPostgresStage,
  type OpenEmbeddedPostgresOptions,
} from "./embedded/open-embedded-postgres.ts";
export { findServerUrl } from "./embedded/find-server-url.ts";
export type { EmbeddedPostgres } from "./embedded/watch-server.ts";
export {
  changeDatabaseUrl,
  loginOfDatabaseUrl,
  nameDatabaseUrl,
  parseDatabaseUrl,
  readUrlProtection,
} from "./database-url.ts";
export {
  loginStatements,
  mayMakeLargeObjects,
  noLargeObjects,
  noTemporaryTables,
  rolePrefix,
} from "./login-statements.ts";
export { openDatabase, type OpenDatabaseOptions } from "./open-database.ts";
export { escapeIdentifier, escapeLiteral } from "pg";
export { readMigrations, readSchema, type Migration, type SchemaFiles } from "./read-migrations.ts";
export { readTimeline, timelineSql } from "./read-timeline.ts";
export { isDatabaseUnavailable, sqlStateOf } from "./to-database-error.ts";
export { readDatabaseIdentity, readHalfDoneMove } from "./move/half-done-move.ts";
