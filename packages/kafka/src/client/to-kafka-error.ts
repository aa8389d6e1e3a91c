/** Turns what the client throws into RoostError. Its own errors say "failed 31 times" and keep the reason in nested ones. */
import { RoostError, toRoostError, type ErrorCode } from "@roost/base";

interface ClientError extends Error {
  /** Kafka's name of the error, such as SASL_AUTHENTICATION_FAILED. */
  apiId?: string;
  errors?: ClientError[];
  cause?: ClientError;
}

/** Not the broker's state: waiting does not help. */
const codesByName: Readonly<Record<string, ErrorCode>> = {
  SASL_AUTHENTICATION_FAILED: "unauthenticated",
  UNSUPPORTED_SASL_MECHANISM: "unauthenticated",
  TOPIC_AUTHORIZATION_FAILED: "forbidden",
  CLUSTER_AUTHORIZATION_FAILED: "forbidden",
  GROUP_AUTHORIZATION_FAILED: "forbidden",
  INVALID_REPLICATION_FACTOR: "invalid_input",
  POLICY_VIOLATION: "invalid_input",
  RECORD_LIST_TOO_LARGE: "limit_exceeded",
  MESSAGE_TOO_LARGE: "limit_exceeded",
};
const reasonsShown = 3;
const depthMax = 8;

export function toKafkaError(thrown: unknown, what: string): RoostError {
  if (thrown instanceof RoostError) return thrown;
  if (!(thrown instanceof Error)) return toRoostError(thrown);
  const leaves = leavesOf(thrown as ClientError);
  const named = leaves.map(({ apiId }) => apiId).filter((name) => name !== undefined);
  const code = named.map((name) => codesByName[name]).find((found) => found !== undefined) ?? "unavailable";
  const reasons = [
    ...new Set(leaves.map(({ message, apiId }) => (apiId === undefined ? message : `${apiId}: ${message}`))),
  ];
  return new RoostError(code, `Kafka: ${what} failed: ${reasons.slice(0, reasonsShown).join("; ")}`, {
    cause: thrown,
    details: named[0] === undefined ? {} : { kafkaError: named[0] },
  });
}

/** Kafka's name of the error, wherever it is nested. */
export function isKafkaError(thrown: unknown, name: string): boolean {
  const from = thrown instanceof RoostError ? thrown.cause : thrown;
  return from instanceof Error && leavesOf(from as ClientError).some(({ apiId }) => apiId === name);
}

function leavesOf(error: ClientError, depth = 0): ClientError[] {
  const nested = [...(error.errors ?? []), ...(error.cause instanceof Error ? [error.cause] : [])];
  if (nested.length === 0 || depth === depthMax) return [error];
  return nested.flatMap((each) => leavesOf(each, depth + 1));
}
