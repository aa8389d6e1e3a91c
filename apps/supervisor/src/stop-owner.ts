/** `roost down`: asks the process that owns the home to stop, and waits until it is gone. */
import { delay, RoostError } from "@roost/base";
import { homePaths } from "./home/home-paths.ts";
import { readOwner } from "./home/owner.ts";
import { isProcessAlive } from "./processes/process-identity.ts";
import type { Terminal } from "./terminal/create-terminal.ts";

const pollMs = 50;
const stopMsMax = 90_000;

/** @throws not_found when nobody owns the home, timeout when the owner does not end, forbidden when it is another user's */
export async function stopOwner(home: string, terminal: Terminal): Promise<void> {
  const owner = await readOwner(homePaths(home).owner);
  if (owner === undefined || !isProcessAlive(owner.identity)) {
    throw new RoostError("not_found", `nothing runs on ${home}: npm start starts it`);
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
        `process ${owner.pid} did not end within ${stopMsMax / 1000} s: see ${homePaths(home).log}`,
      );
    }
    await delay(pollMs);
  }
  terminal.done(`Process ${owner.pid} has stopped`);
}
