import { getRun, type Kernel, type Run } from "@roost/kernel";
import { followCorrelation } from "./follow-correlation.ts";
import { isTerminal } from "./is-terminal.ts";

/** Waits until a run is over. @throws the signal's reason */
export async function followToEnd(kernel: Kernel, runId: string, signal: AbortSignal): Promise<Run> {
  const { correlation } = await getRun(kernel.database, runId);
  const follow = { topics: ["runs"], correlation, after: undefined, signal };
  for await (const item of followCorrelation(kernel, follow))
    if (item.kind === "event" && item.event.subject === runId && isTerminal(item.event.type)) break;
  signal.throwIfAborted();
  return getRun(kernel.database, runId);
}
