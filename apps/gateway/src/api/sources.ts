/** Mailboxes and calendars that heartbeats look at. */
import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { listJobsByDue } from "@roost/jobs";
import { listSources, trySources, type Memory } from "@roost/memory";
import { resolveSecret } from "@roost/memory/settings";
import { iso } from "../records/iso.ts";

const checkMsMax = 30_000;

export function serveSources({
  memory,
  environment,
}: {
  memory: Memory;
  environment: Readonly<Record<string, string | undefined>>;
}): Served[] {
  const { kernel, machineDir: homeDir } = memory;
  return [
    serve(operations.getSources, async () => {
      const found = await listSources(memory);
      const nextLookAt = found.length === 0 ? null : await nextHeartbeat();
      return {
        sources: found.map(({ name, kind, server, row }) => ({
          name,
          kind,
          server,
          lookedAt: row?.lookedAt ? iso(row.lookedAt) : null,
          nextLookAt,
          laterCount: row?.laterCount ?? 0,
          leftOut: row?.leftOut ?? [],
          failureCount: row?.failureCount ?? 0,
          error: row?.errorText ?? null,
        })),
      };
    }),
    serve(operations.checkSources, async () => {
      const found = await trySources(memory, {
        resolveSecret: (reference) => resolveSecret(reference, { homeDir, env: environment }),
        signal: AbortSignal.timeout(checkMsMax),
      });
      return {
        sources: found.map(({ next = null, ...source }) => ({
          ...source,
          state: next === null ? ("works" as const) : ("fails" as const),
          next,
        })),
      };
    }),
  ];

  async function nextHeartbeat(): Promise<string | null> {
    const [next] = await listJobsByDue(kernel, { limit: 1, states: ["active"], session: "heartbeat" });
    return next === undefined || next.dueAt === null ? null : iso(next.dueAt);
  }
}
