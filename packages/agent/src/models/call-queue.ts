// Calls of a server that answers one at a time wait for each other before they are made.

import type { Clock, Logger } from "@roost/base";
import type { OpenProvider } from "./attempt-call.ts";
import type { ModelCallOptions } from "./models.ts";
import type { Silence } from "./watch-silence.ts";

/** Lets one call at a time through to a server, over all processes that share it. */
export interface CallQueue {
  /** Disposed of when the call is over. @throws the reason of `signal` */
  enter(server: string, options: { signal: AbortSignal; onWait: () => void }): Promise<AsyncDisposable>;
}

/** Waiting for our own calls is no silence of the model. A queue that fails stops no call. */
export async function enterQueue(
  { queue, clock, logger }: { queue?: CallQueue | undefined; clock: Clock; logger: Logger },
  { id, model, queuedServer }: OpenProvider,
  { options, silence, queued }: { options: ModelCallOptions; silence: Silence; queued: { ms: number } },
): Promise<AsyncDisposable | undefined> {
  if (queue === undefined || queuedServer === undefined) return undefined;
  let waitsSinceMs: number | undefined;
  const onWait = () => {
    waitsSinceMs = clock.nowMs();
    options.onDelta?.({ type: "remark", text: `${id} (${model}) answers another call first; waiting for it` });
  };
  try {
    return await queue.enter(queuedServer, { signal: options.signal, onWait });
  } catch (error) {
    options.signal.throwIfAborted();
    logger.warn("a model is asked although another call may be waiting for it", { provider: id, error });
    return undefined;
  } finally {
    if (waitsSinceMs !== undefined) {
      silence.sinceMs = clock.nowMs();
      // Not less than a moment, so that a wait is seen as one.
      queued.ms += Math.max(1, silence.sinceMs - waitsSinceMs);
    }
  }
}
