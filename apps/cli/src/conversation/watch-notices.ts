/** Prints notices as they are raised, until aborted. Survives gateway restarts. */
import { sleepUntilAborted, toRoostError } from "@roost/base";
import type { RoostClient } from "../connect.ts";

const retryMs = 5000;

export interface SeenNotice {
  level: string;
  text: string;
}

export async function watchNotices(
  client: RoostClient,
  onNotice: (notice: SeenNotice) => void,
  signal: AbortSignal,
): Promise<void> {
  let after: string | undefined;
  do {
    try {
      const input = { topics: ["notices"], types: ["notice.raised"], after };
      for await (const { id, data: event } of client.tailEvents(input, { signal })) {
        after = id ?? after;
        onNotice({ level: String(event.data["level"]), text: String(event.data["text"]) });
      }
    } catch (error) {
      if (signal.aborted || !toRoostError(error).retryable) return;
    }
  } while (await sleepUntilAborted(retryMs, { signal }));
}
