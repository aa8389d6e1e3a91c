/** Idempotency keys: (scope, key) maps to the first result. Knows nothing of the computation. */
import { RoostError, type JsonValue } from "@roost/base";
import type { KernelTransaction } from "../transact.ts";
import { checkName } from "./check-limits.ts";
import { coordinationLimits } from "./coordination-limits.ts";

export interface RememberResultOptions {
  scope: string;
  key: string;
  /** Identifies the request: the same key with another request is refused. */
  fingerprint?: string;
  /** Default: a day. */
  keepMs?: number;
}

/**
 * The result of the first call with this key. `compute` runs in the same transaction, so the result is kept exactly when the work is; a concurrent
 * second call waits for the first one's commit.
 * @throws conflict when the key was used for another request, limit_exceeded for a result that is too large
 */
export async function rememberResult<T extends JsonValue>(
  tx: KernelTransaction,
  options: RememberResultOptions,
  compute: () => Promise<T>,
): Promise<{ result: T; isRepeated: boolean }> {
  const { scope, key, fingerprint, keepMs = coordinationLimits.keepMsDefault } = options;
  checkName("scope", scope);
  checkName("key", key);
  // Insert first: a concurrent second call waits here until the first has committed, and then finds its row.
  const [fresh] = await tx.query<{ scope: string }>(
    `insert into roost.idempotency_key as known (scope, key, fingerprint, created_at, expires_at)
     values ($1, $2, $3, roost.now(), roost.now() + $4 * interval '1 ms')
     on conflict (scope, key) do update
       set fingerprint = excluded.fingerprint, result = null, created_at = excluded.created_at, expires_at = excluded.expires_at
       where known.expires_at <= roost.now()
     returning scope`,
    [scope, key, fingerprint ?? null, keepMs],
  );
  if (fresh === undefined) {
    const [known] = await tx.query<{ fingerprint: string | null; result: T }>(
      "select fingerprint, result from roost.idempotency_key where scope = $1 and key = $2",
      [scope, key],
    );
    if (known === undefined)
      throw new RoostError("unavailable", `The idempotency key "${key}" expired just now: try again`);
    if (fingerprint !== undefined && known.fingerprint !== null && known.fingerprint !== fingerprint) {
      throw new RoostError(
        "conflict",
        `The idempotency key "${key}" was used for another request: use a new key for each request`,
      );
    }
    return { result: known.result, isRepeated: true };
  }
  const result = await compute();
  const text = JSON.stringify(result);
  if (Buffer.byteLength(text) > coordinationLimits.resultBytesMax) {
    throw new RoostError(
      "limit_exceeded",
      `The result to remember has ${Buffer.byteLength(text)} bytes (limit ${coordinationLimits.resultBytesMax})`,
    );
  }
  await tx.query("update roost.idempotency_key set result = $3 where scope = $1 and key = $2", [scope, key, text]);
  return { result, isRepeated: false };
}
