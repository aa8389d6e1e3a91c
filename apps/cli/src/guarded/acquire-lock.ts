/** Acquires a lock by name, waiting through gateway restarts for as long as it is told to. */
import type { RoostError } from "@roost/base";
import { lockWaitMsMax } from "@roost/contract/operations";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { relativeTime } from "../print/relative-time.ts";
import { plainLine } from "@roost/base/text-width";
import type { Lease } from "./keep-lease.ts";
import { keepTrying } from "./keep-trying.ts";

export interface LockWanted {
  name: string;
  holder: string;
  ttlMs: number;
  /** 0: do not wait; Infinity: no limit. */
  waitMsMax: number;
  purpose: string;
  signal: AbortSignal;
}

export type AcquiredLock = { lease: Lease } | { heldBy: { holder: string; purpose: string | null; expiresAt: string } };

/** Longest wait of one request, so that progress can be shown. */
const waitMsPerCall = Math.min(20_000, lockWaitMsMax);
const answerMsMax = 15_000;

export async function acquireLock(
  { clock, terminal }: CliContext,
  client: RoostClient,
  request: LockWanted,
): Promise<AcquiredLock> {
  const { name, holder, ttlMs, purpose, signal } = request;
  const startMs = clock.nowMs();
  using progress = terminal.progress(`Waiting for the lock ${name}`);
  for (let isFirst = true; ; isFirst = false) {
    const leftMs = Math.max(0, startMs + request.waitMsMax - clock.nowMs());
    // The first request does not wait, so that the holder can be named at once.
    let takenAtMs = 0;
    const waitMs = isFirst ? 0 : Math.min(leftMs, waitMsPerCall);
    const answer = await keepTrying(
      () => {
        takenAtMs = clock.nowMs();
        return client.acquireLock(
          { name, holder, ttlMs, waitMs, purpose },
          { signal, timeoutMs: waitMs + answerMsMax },
        );
      },
      {
        clock,
        signal,
        forMs: leftMs,
        onAway: (error: RoostError) => terminal.note(`${plainLine(error.message)}; retrying`, "warn"),
      },
    );
    if (answer.acquired) return { lease: { name, holder, epoch: answer.epoch, ttlMs, takenAtMs } };
    if (request.waitMsMax === 0 || startMs + request.waitMsMax <= clock.nowMs()) return { heldBy: answer };
    progress.update(`Waiting for the lock ${name}, held by ${describeHolder(answer, clock.nowMs())}`);
  }
}

export function describeHolder(
  { holder, purpose, expiresAt }: { holder: string; purpose: string | null; expiresAt: string },
  nowMs: number,
): string {
  const what = purpose === null || purpose === "" ? "" : ` (${plainLine(purpose)})`;
  return `${plainLine(holder)}${what}, expires ${relativeTime(expiresAt, nowMs)} unless renewed`;
}
