import { listRuns, type Kernel, type RunHead } from "@roost/kernel";

const liveMax = 200;

/** Unfinished runs of a session, oldest first. */
export async function readLiveRuns(kernel: Kernel, sessionKey: string): Promise<RunHead[]> {
  const states = ["ready", "queued", "running", "waiting"] as const;
  return (await listRuns(kernel, { sessionKey, states: [...states], limit: liveMax })).toReversed();
}
