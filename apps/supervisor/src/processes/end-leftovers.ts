/** Ends processes that outlived their supervisor: a hung one does not notice its end. */
import { sleepUntilAborted, type Logger, isProcessAlive } from "@roost/base";

const pollMs = 20;
/** Most stop by themselves when they notice; this is for the others. */
const graceMsMax = 2_000;
const killedMsMax = 2_000;

export async function endLeftovers(
  processes: readonly { name: string; identity: string }[],
  logger: Logger,
): Promise<void> {
  const living = () => processes.filter(({ identity }) => isProcessAlive(identity));
  for (const [signal, msMax] of [
    ["SIGTERM", graceMsMax],
    ["SIGKILL", killedMsMax],
  ] as const) {
    for (const { name, identity } of living()) {
      logger.warn(`${name} outlived its supervisor: sending ${signal}`, { identity });
      signalProcess(identity, signal);
    }
    for (let waitedMs = 0; waitedMs < msMax && living().length > 0; waitedMs += pollMs) await sleepUntilAborted(pollMs);
  }
}

function signalProcess(identity: string, signal: NodeJS.Signals): void {
  try {
    process.kill(Number.parseInt(identity, 10), signal);
  } catch {
    // It has ended in the meantime.
  }
}
