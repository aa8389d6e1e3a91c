// How long a provider is skipped after a failure, and where that is stored. Knows no requests.

import { backoffMs, type ErrorCode } from "@roost/base";
import type { ModelFailure } from "./classify-failure.ts";

/** Why and until when a provider is skipped; plain JSON, so that workers can share it. */
export interface CoolDown {
  /** Consecutive failures of this kind. */
  failureCount: number;
  /** Per kind: a wrong model name is not made worse by an earlier broken connection. */
  counts?: Partial<Record<FailureKind, number>>;
  untilMs: number;
  lastAttemptMs: number;
  code: ErrorCode;
  status?: number | undefined;
  message: string;
}

/** Why a provider failed; `credential` and `configuration` need a person. */
export type FailureKind = keyof typeof coolDownMs;

/** Where cool-downs are stored. Keys hold the provider's id and a fingerprint of its address, key and model. */
export interface CoolDownStore {
  read(keys: string[]): Promise<Map<string, CoolDown>>;
  /** Replaces the value of `key` by what `change` returns (undefined: remove). Last writer wins is good enough. */
  update(key: string, change: (current: CoolDown | undefined) => CoolDown | undefined): Promise<void>;
}

/** First and longest cool-down per kind of failure; each consecutive failure doubles it. */
const coolDownMs = {
  /** 401, 403, 402: a person must act, so frequent retries are only noise. */
  credential: { firstMs: 5 * 60_000, maxMs: 6 * 3_600_000 },
  /** 404: the model does not exist there. */
  configuration: { firstMs: 60_000, maxMs: 3_600_000 },
  /** 429 without Retry-After. */
  rate: { firstMs: 2_000, maxMs: 10 * 60_000 },
  /** 5xx, time limits, connections. */
  passing: { firstMs: 1_000, maxMs: 5 * 60_000 },
} as const;

/** The cool-down after a failed attempt that began at `startedMs`. */
export function nextCoolDown(
  current: CoolDown | undefined,
  failure: Pick<ModelFailure, "code" | "status" | "message" | "retryAfterMs">,
  times: { startedMs: number; nowMs: number },
): CoolDown {
  const kind = kindOf(failure);
  // Failures of concurrent calls count as one.
  const isSameFailure = current !== undefined && times.startedMs <= current.lastAttemptMs;
  const counted = current?.counts?.[kind] ?? 0;
  const failureCount = Math.max(1, isSameFailure ? counted : counted + 1);
  const untilMs = times.nowMs + Math.max(backoffMs(failureCount, coolDownMs[kind]), failure.retryAfterMs ?? 0);
  return {
    failureCount,
    counts: { ...current?.counts, [kind]: failureCount },
    untilMs: isSameFailure ? Math.max(current.untilMs, untilMs) : untilMs,
    lastAttemptMs: times.nowMs,
    code: failure.code,
    message: failure.message,
    status: failure.status,
  };
}

export function kindOf(failure: { status?: number | undefined }): FailureKind {
  if (failure.status === 401 || failure.status === 402 || failure.status === 403) return "credential";
  if (failure.status === 404) return "configuration";
  return failure.status === 429 ? "rate" : "passing";
}

/** Cool-downs of one process. */
export function createMemoryCoolDowns(): CoolDownStore {
  const stored = new Map<string, CoolDown>();
  return {
    read: async (keys) => new Map(keys.flatMap((key) => (stored.has(key) ? [[key, stored.get(key)!] as const] : []))),
    update: async (key, change) => {
      const next = change(stored.get(key));
      if (next === undefined) stored.delete(key);
      else stored.set(key, next);
    },
  };
}
