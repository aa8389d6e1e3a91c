/**
 * Cancels the statement that a connection runs. PostgreSQL ignores a cancellation that arrives before the backend has begun the
 * statement, so it is asked again until the statement has ended, and never after: a late one would hit the next user of the connection.
 */
import { sleepUntilAborted } from "@roost/base";
import type { Client } from "pg";
import { connectClient, type ConnectionSettings } from "./connect-client.ts";

/** The first wait for an answer; each further one is twice as long, up to the second. */
const askMsMin = 5;
const askMsMax = 1_000;

/**
 * Resolves when `ended` is aborted and no request is under way. Never rejects: a server that cannot be reached is asked again, as long
 * as the statement runs, which the statement's own time limit bounds.
 */
export async function cancelUntilEnded(
  processId: number,
  settings: ConnectionSettings,
  ended: AbortSignal,
): Promise<void> {
  let canceller: Client | undefined;
  for (let waitMs = askMsMin; !ended.aborted; waitMs = Math.min(askMsMax, waitMs * 2)) {
    try {
      canceller ??= await connectClient(settings);
      if (ended.aborted) break;
      await canceller.query("SELECT pg_cancel_backend($1)", [processId]);
    } catch {
      void canceller?.end().catch(() => undefined);
      canceller = undefined;
    }
    await sleepUntilAborted(waitMs, { signal: ended });
  }
  await canceller?.end().catch(() => undefined);
}
