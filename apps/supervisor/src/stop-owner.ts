/** `roost down`: asks the home's owner to stop, and waits until it has ended. */
import { delay, formatDurationMs, RoostError, isProcessAlive } from "@roost/base";
import { homePaths } from "./home/home-paths.ts";
import { readOwner } from "./home/owner.ts";
import type { ProcessTerminal } from "./terminal/create-terminal.ts";

const pollMs = 50;
const stopMsMax = 90_000;

/** @throws not_found when the home has no owner, timeout when it does not end, forbidden when it belongs to another user */
export async function stopOwner(home: string, terminal: ProcessTerminal): Promise<void> {
  const owner = await readOwner(homePaths(home).owner);
  if (owner === undefined || !isProcessAlive(owner.identity)) {
    throw new RoostError("not_found", `Roost is not running for ${home}: start it with roost up`);
  }
  try {
    process.kill(owner.pid, "SIGTERM");
  } catch (error) {
    throw new RoostError(
      "forbidden",
      `process ${owner.pid}, which owns ${home}, belongs to another user: stop it as that user`,
      {
        cause: error,
      },
    );
  }
  terminal.going(`Stopping process ${owner.pid}`);
  for (let waitedMs = 0; isProcessAlive(owner.identity); waitedMs += pollMs) {
    if (waitedMs > stopMsMax) {
      throw new RoostError(
        "timeout",
        `process ${owner.pid} did not stop within ${formatDurationMs(stopMsMax)}: see ${homePaths(home).log}`,
      );
    }
    await delay(pollMs);
  }
  terminal.done(`Process ${owner.pid} has stopped`);
}
