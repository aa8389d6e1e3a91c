/** The turn of a call at a server that is asked for one thing at a time, by runs and other processes as well. */
import type { ServerResponse } from "node:http";
import type { CallQueue } from "@roost/agent";
import { toRoostError, type Logger } from "@roost/base";
import type { Upstream } from "./upstream.ts";

/** A caller has a limit of its own, of which it is not known how long it is. */
export const turnMsMaxDefault = 120_000;

export interface TurnOptions {
  /** Default: none waits. */
  queue: CallQueue | undefined;
  turnMsMax: number;
  logger: Logger;
}

/** Null: its turn did not come in time, or its caller left. A queue that fails stops no call. */
export async function awaitTurn(
  response: ServerResponse,
  { id, queuedServer }: Upstream,
  { queue, turnMsMax, logger }: TurnOptions,
): Promise<AsyncDisposable | undefined | null> {
  if (queue === undefined || queuedServer === undefined) return undefined;
  if (response.destroyed) return null;
  const left = new AbortController();
  const leave = () => left.abort();
  response.once("close", leave);
  const signal = AbortSignal.any([left.signal, AbortSignal.timeout(turnMsMax)]);
  try {
    return await queue.enter(queuedServer, { signal, onWait: () => undefined });
  } catch (error) {
    if (signal.aborted) return null;
    const reason = toRoostError(error).message;
    logger.warn("A model is asked although another call may be waiting for it", { provider: id, reason });
    return undefined;
  } finally {
    response.off("close", leave);
  }
}
