/**
 * Converts driver errors to RoostError, once, by SQLSTATE class (https://www.postgresql.org/docs/current/errcodes-appendix.html). transact retries.
 */
import { RoostError, type ErrorCode } from "@roost/base";
import { DatabaseError } from "pg";

/** How long opening a connection may take, and its first statement, at which a pooler has clients wait for a session. */
export const connectTimeoutMsMax = 10_000;

/** The transaction can be repeated from its start: serialization failure, deadlock. */
export function isTransientConflict(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === "40001" || state === "40P01";
}

/**
 * A row found no partition. Another transaction may just have attached it: its rows become visible a moment before other connections know the
 * changed table.
 */
export function isUnseenPartition(error: unknown): boolean {
  const found = findDatabaseError(error);
  return found?.code === "23514" && found.routine === "ExecFindPartition";
}

/** A prepared statement outlived a change of its tables: a new connection prepares it again. */
export function isStalePlan(error: unknown): boolean {
  const found = findDatabaseError(error);
  return found?.code === "0A000" && found.routine === "RevalidateCachedQuery";
}

/** The connection that raised this error cannot be used again. */
export function isConnectionLoss(error: unknown): boolean {
  const found = findDatabaseError(error);
  if (found === undefined) return !(error instanceof RangeError || error instanceof TypeError);
  return found.severity === "FATAL" || found.severity === "PANIC" || (found.code ?? "").startsWith("08");
}

const unavailableReason = "database_unavailable";

/** The database was unable to answer (down, disconnected, too slow, disk full): the statement itself is fine. */
export function isDatabaseUnavailable(error: unknown): error is RoostError {
  if (!(error instanceof RoostError)) return false;
  return error.details?.["reason"] === unavailableReason || error.details?.["outcome"] === "unknown";
}

/** SQLSTATE of a driver error, or of a RoostError that wraps one. */
export function sqlStateOf(error: unknown): string | undefined {
  return findDatabaseError(error)?.code;
}

export function toDatabaseError(thrown: unknown): RoostError {
  if (thrown instanceof RoostError) return thrown;
  if (!(thrown instanceof Error))
    return new RoostError("internal", `the database driver threw ${String(thrown)}`, {
      cause: thrown,
    });
  if (thrown instanceof DatabaseError) {
    const code = codeOf(thrown.code ?? "");
    const reason = code === "unavailable" || code === "timeout" ? unavailableReason : undefined;
    const details = { sqlState: thrown.code, constraint: thrown.constraint, table: thrown.table, reason };
    return new RoostError(code, `PostgreSQL: ${thrown.message}`, {
      cause: thrown,
      details: Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined)),
    });
  }
  if (thrown instanceof RangeError || thrown instanceof TypeError)
    return new RoostError("internal", thrown.message, { cause: thrown });
  // Of the first statement alone, which has such a limit.
  if (/query read timeout/i.test(thrown.message)) {
    const within = `${connectTimeoutMsMax / 1000} s`;
    return new RoostError("unavailable", `PostgreSQL, or a pooler before it, gave no session within ${within}`, {
      cause: thrown,
      details: { reason: unavailableReason },
    });
  }
  if (/timeout exceeded when trying to connect|connection timeout|timeout expired/i.test(thrown.message)) {
    return new RoostError("unavailable", `no connection to PostgreSQL became free in time (${thrown.message})`, {
      cause: thrown,
      details: { reason: unavailableReason },
    });
  }
  const reason = thrown.message || String((thrown as { code?: unknown }).code ?? thrown.name);
  return new RoostError("unavailable", `no connection to PostgreSQL: ${reason}`, {
    cause: thrown,
    details: { reason: unavailableReason },
  });
}

function findDatabaseError(error: unknown): DatabaseError | undefined {
  if (error instanceof DatabaseError) return error;
  if (error instanceof RoostError && error.cause instanceof DatabaseError) return error.cause;
  return undefined;
}

function codeOf(sqlState: string): ErrorCode {
  const exact = codeByState.get(sqlState);
  if (exact !== undefined) return exact;
  return codeByClass.get(sqlState.slice(0, 2)) ?? "internal";
}

const codeByState = new Map<string, ErrorCode>([
  ["23505", "conflict"],
  ["23P01", "conflict"],
  ["23503", "conflict"],
  ["40001", "unavailable"],
  ["40P01", "unavailable"],
  ["57014", "timeout"],
  ["25P03", "timeout"],
  ["25P04", "timeout"],
  ["55P03", "timeout"],
  ["54000", "limit_exceeded"],
]);

const codeByClass = new Map<string, ErrorCode>([
  ["08", "unavailable"],
  ["22", "invalid_input"],
  ["23", "invalid_input"],
  ["53", "unavailable"],
  ["57", "unavailable"],
  ["58", "unavailable"],
]);
