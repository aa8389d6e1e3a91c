/** The log: topics, events by offset, and a live tail. */
import { RoostError } from "@roost/base";
import { pageByName, serve, type Served, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { readEvents, readPartitions, readTopics, refuseOutOfRange, type Kernel } from "@roost/kernel";
import { toEventRecord } from "../records/to-event.ts";
import { tailEvents } from "./tail-events.ts";
import { watchHome } from "./watch-home.ts";

export function serveLog({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listTopics, async ({ limit, after }) => {
      const [known, ranges] = await Promise.all([readTopics(kernel.database), readPartitions(kernel.database)]);
      const { rows, next } = pageByName([...known.values()], { limit, after }, ({ name }) => name);
      const topics = rows.map(({ name, retentionMs }) => ({
        name,
        retentionMs,
        partitions: ranges
          .filter((range) => range.topic === name)
          .map(({ partition, firstOffset, nextOffset }) => ({ partition, firstOffset, nextOffset })),
      }));
      return toPage(topics, next);
    }),

    serve(operations.readEvents, async ({ topic, partition, offset: asked, limit }) => {
      const range = (await readPartitions(kernel.database, [topic])).find((one) => one.partition === partition);
      if (range === undefined) {
        throw new RoostError(
          "not_found",
          `There is no partition ${partition} of topic "${topic}": see roost log topics`,
        );
      }
      const offset = asked ?? range.firstOffset;
      refuseOutOfRange(range, offset);
      const events = await readEvents(kernel.database, { topic, partition, offset, limit });
      const last = events.at(-1);
      return {
        items: kernel.registry.upcast(events).map(toEventRecord),
        nextOffset: last === undefined ? offset : last.offset + 1,
        headOffset: range.nextOffset,
      };
    }),

    serve(operations.tailEvents, tailEvents(kernel)),
    serve(operations.watchHome, watchHome(kernel)),
  ];
}
