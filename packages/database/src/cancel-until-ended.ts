/**
 * Cancels the running statement of a connection. PostgreSQL ignores a cancellation that arrives before the statement begins, so it is repeated
 * until the statement has ended, and never after: a late one would hit the connection's next user.
 */
import { sleepUntilAborted } from "@roost/base";
import type { Client } from "pg";
import { connectClient, type ConnectionSettings } from "./connect-client.ts";

/** The first wait for an answer; it doubles up to a second. */
const askMsMin = 5;
const askMsMax = 1_000;

/**
 * Resolves when `ended` is aborted and no request is in flight. Never rejects: an unreachable server is asked again while the statement runs, which
 * the statement timeout limits.
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
