/** Plays a rehearsal and follows it to its report, for a command and a screen alike. One that is left is cancelled, whatever stage its start is in. */
import { RoostError } from "@roost/base/browser";
import type { Client } from "./client.ts";
import type { rehearsalOperations } from "./operations/rehearsal-operations.ts";
import type { Rehearsal, RehearsalReport } from "./records/rehearsal.ts";

type RehearsalClient = Client<typeof rehearsalOperations>;
export type AskedRehearsal = NonNullable<Parameters<RehearsalClient["startRehearsal"]>[0]>;

export interface FollowOptions {
  /** Aborted when the caller leaves. */
  signal: AbortSignal;
  onProgress: (rehearsal: Rehearsal) => void;
}

/** @throws RoostError `timeout` when it was cancelled, `unavailable` when it failed, and what the gateway refuses */
export async function followRehearsal(
  client: RehearsalClient,
  asked: AskedRehearsal,
  { signal, onProgress }: FollowOptions,
): Promise<RehearsalReport> {
  // Not ended by the signal: only the answer names what has to be cancelled.
  const { rehearsal: started } = await client.startRehearsal(asked);
  const rehearsalId = started.id;
  try {
    signal.throwIfAborted();
    onProgress(started);
    for await (const { data } of client.watchRehearsal({ rehearsalId }, { signal })) onProgress(data);
    const { rehearsal, report } = await client.getRehearsal({ rehearsalId }, { signal });
    if (report !== null) return report;
    throw new RoostError(
      rehearsal.state === "cancelled" ? "timeout" : "unavailable",
      rehearsal.error ?? `the rehearsal is ${rehearsal.state}`,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    await client.cancelRehearsal({ rehearsalId });
    throw new RoostError("timeout", "the rehearsal was cancelled", { cause: error });
  }
}
