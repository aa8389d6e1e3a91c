import { serve, type Served } from "@roost/contract";
import { formatLabels, isUntrusted } from "@roost/contract/labels";
import * as operations from "@roost/contract/operations";
import { recall, type Memory } from "@roost/memory";
import { iso } from "../records/iso.ts";

export function serveMemory({ memory }: { memory: Memory }): Served[] {
  return [
    serve(operations.recall, async ({ query, limit, tokensMax, kinds, since, until }) => {
      const found = await recall(memory, {
        query,
        as: { kind: "main" },
        limit,
        tokensMax,
        kinds,
        since: since === undefined ? undefined : new Date(since),
        until: until === undefined ? undefined : new Date(until),
        withMarked: true,
      });
      return {
        lines: found.lines.map(({ score: _score, at, labels, ...line }) => ({
          ...line,
          at: iso(at),
          labels: formatLabels(labels),
        })),
        markedCount: found.lines.filter(({ labels }) => isUntrusted(labels)).length,
      };
    }),
  ];
}
