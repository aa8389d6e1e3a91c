import { RoostError } from "@roost/base";
import { readPartitions, readEvents as readPartition, refuseOutOfRange } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toEventRecord } from "../records/to-event.ts";

export function readEvents({ kernel }: GatewayContext): ApiHandler<"readEvents"> {
  return async ({ topic, partition, offset: asked, limit }) => {
    const range = (await readPartitions(kernel.database, [topic])).find((one) => one.partition === partition);
    if (range === undefined) {
      throw new RoostError(
        "not_found",
        `There is no partition ${partition} of a topic "${topic}": look at the list of topics`,
      );
    }
    const offset = asked ?? range.firstOffset;
    refuseOutOfRange(range, offset);
    const events = await readPartition(kernel.database, { topic, partition, offset, limit });
    const last = events.at(-1);
    return {
      events: kernel.registry.upcast(events).map(toEventRecord),
      nextOffset: last === undefined ? offset : last.offset + 1,
      headOffset: range.nextOffset,
    };
  };
}
