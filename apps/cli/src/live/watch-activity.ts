/** Keeps a list of active and due work up to date: refreshes after every event, and every few seconds. */
import { sleepUntilAborted, toRoostError } from "@roost/base";
import type { ActivityRecord, Status } from "@roost/contract/operations";
import type { RoostClient } from "../connect.ts";
import { readPages } from "../read-pages.ts";

export interface ActivityView {
  rows: ActivityRecord[];
  alarms: Status["alarms"];
  /** Why the rows may be stale; undefined when they are current. */
  trouble: string | undefined;
  /** The home's; undefined until it is known. */
  timeZone: string | undefined;
}

const activityMax = 1000;
const refreshMs = 5000;
/** Events this close together cause one refresh. */
const restMs = 250;
const topics = ["runs", "jobs", "coordination", "notices"];

export async function readActivity(client: RoostClient, signal?: AbortSignal): Promise<ActivityRecord[]> {
  return readPages((page) => client.listActivity(page, { signal }), activityMax);
}

/** What fails at present, and the home's time zone. The list of what is running is worth more than the lack of these. */
export async function readAlarms(
  client: RoostClient,
  signal?: AbortSignal,
): Promise<Pick<Status, "alarms"> & Partial<Pick<Status, "timeZone">>> {
  return client.getStatus({}, { signal }).catch(() => ({ alarms: [] }));
}

function shownOf({
  alarms,
  timeZone,
}: Awaited<ReturnType<typeof readAlarms>>): Pick<ActivityView, "alarms" | "timeZone"> {
  return { alarms, timeZone };
}

/** Ends when aborted. */
export async function watchActivity(
  client: RoostClient,
  onChange: (view: ActivityView) => void,
  signal: AbortSignal,
): Promise<void> {
  let rows: ActivityRecord[] = [];
  let status: Awaited<ReturnType<typeof readAlarms>> = { alarms: [] };
  let wake = new AbortController();
  void followEvents(client, () => wake.abort(), signal);
  while (!signal.aborted) {
    wake = new AbortController();
    const isWoken = wake.signal;
    try {
      [rows, status] = await Promise.all([readActivity(client, signal), readAlarms(client, signal)]);
      onChange({ rows, trouble: undefined, ...shownOf(status) });
    } catch (error) {
      if (signal.aborted) return;
      const { message, retryable } = toRoostError(error);
      if (!retryable) throw error;
      onChange({ rows, trouble: message, ...shownOf(status) });
    }
    await sleepUntilAborted(restMs, { signal });
    await sleepUntilAborted(refreshMs, { signal: AbortSignal.any([signal, isWoken]) });
  }
}

async function followEvents(client: RoostClient, onEvent: () => void, signal: AbortSignal): Promise<void> {
  do {
    try {
      const known = new Set((await client.listTopics({ limit: 500 }, { signal })).items.map(({ name }) => name));
      for await (const _event of client.tailEvents({ topics: topics.filter((name) => known.has(name)) }, { signal }))
        onEvent();
    } catch {
      // The view refreshes every few seconds anyway and shows the error.
    }
  } while (await sleepUntilAborted(refreshMs, { signal }));
}
