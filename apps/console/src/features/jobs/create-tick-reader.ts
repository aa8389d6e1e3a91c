import type { TickRecord } from "@roost/contract/operations";
import type { ConsoleClient } from "../../api/create-connect.ts";

export type ReadTicks = (jobId: string) => Promise<readonly TickRecord[]>;

/** As many jobs as one call names. */
const jobsMax = 200;

/** Reads the latest ticks of a job: all that are asked for at the same moment, by the rows of a list, come by one call. */
export function createTickReader(client: Pick<ConsoleClient, "listLatestTicks">): ReadTicks {
  let joined: { jobIds: string[]; ticks: Promise<Map<string, TickRecord[]>> } | undefined;
  const begin = () => {
    const jobIds: string[] = [];
    const ticks = Promise.resolve().then(async () => {
      if (joined?.jobIds === jobIds) joined = undefined;
      const { items } = await client.listLatestTicks({ jobIds });
      return Map.groupBy(items, ({ jobId }) => jobId);
    });
    return { jobIds, ticks };
  };
  return async (jobId) => {
    const own = (joined ??= begin());
    if (own.jobIds.push(jobId) === jobsMax) joined = undefined;
    return (await own.ticks).get(jobId) ?? [];
  };
}
