/** The loop of a process that hosts several services, at the home or elsewhere: looks what is to run, says that it is ready, and waits for a reason to look again. */
import { sleepUntilAborted, type Logger } from "@roost/base";
import type { ServiceHost } from "@roost/service/host";

export interface HostingLook {
  /** A program was loaded and is another one by now: what was loaded stays loaded, so that it takes another process. */
  isStale: boolean;
  /** Without a wake-up it looks again after this long. */
  waitMs: number;
}

export interface KeepHostingOptions {
  logger: Logger;
  stop: AbortSignal;
  /** Once what can run does. */
  onReady: () => void;
  /** Asks for a new process that replaces this one and loads the programs again. False: there is no supervisor to start it. */
  askForAnother: () => boolean;
  /** Calls back when there may be something to do. */
  onHint: (listener: () => void) => void;
  /** Wake-ups that may mean something to do. */
  channels: readonly string[];
  look: () => Promise<HostingLook>;
}

/** While there is no service whose connection would hear of one. */
const aloneMs = 300_000;

/** Until it is told to stop, or another process takes its place. @throws what `look` throws, and why the home's database refuses this process */
export async function keepHosting(
  hosted: { host(): ServiceHost | undefined },
  options: KeepHostingOptions,
): Promise<void> {
  const { logger, stop, onReady, askForAnother, onHint, channels, look } = options;
  let hint = new AbortController();
  onHint(() => hint.abort());
  while (!stop.aborted) {
    hint = new AbortController();
    const host = hosted.host();
    using watch = host?.wakeups.watch(channels);
    const { isStale, waitMs } = await look();
    onReady();
    // What starts processes starts it again, with the program as it is now.
    if (isStale && !askForAnother()) return logger.info("a service has changed: the process ends, to be started again");
    // The first has come: from now on its connection hears.
    if (host === undefined && hosted.host() !== undefined) continue;
    const signal = AbortSignal.any([stop, hint.signal, ...(host === undefined ? [] : [host.refused])]);
    if (watch === undefined) await sleepUntilAborted(aloneMs, { signal });
    else await watch.next({ timeoutMs: waitMs, signal });
    host?.refused.throwIfAborted();
  }
}
