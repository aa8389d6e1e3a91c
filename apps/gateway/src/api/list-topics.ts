import { readPartitions, readTopics } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function listTopics({ kernel }: GatewayContext): ApiHandler<"listTopics"> {
  return async ({ limit, after }) => {
    const [known, ranges] = await Promise.all([readTopics(kernel.database), readPartitions(kernel.database)]);
    const topics = [...known.values()].filter(({ name }) => after === undefined || name > after);
    const shown = topics.slice(0, limit).map(({ name, retentionMs }) => ({
      name,
      retentionMs,
      partitions: ranges
        .filter((range) => range.topic === name)
        .map(({ partition, firstOffset, nextOffset }) => ({ partition, firstOffset, nextOffset })),
    }));
    return { topics: shown, next: topics.length > limit ? (shown.at(-1)?.name ?? null) : null };
  };
}
