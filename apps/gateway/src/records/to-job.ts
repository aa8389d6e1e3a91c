import type { JobRecord, TickRecord } from "@roost/contract/operations";
import type { Job, Tick } from "@roost/jobs";
import { iso, isoOrNull } from "./iso.ts";

export function toTickRecord(tick: Tick): TickRecord {
  const { until: _, scheduledAt, recordedAt, ...rest } = tick;
  return { ...rest, scheduledAt: iso(scheduledAt), recordedAt: iso(recordedAt) };
}

export function toJobRecord(job: Job): JobRecord {
  return {
    id: job.id,
    version: job.version,
    state: job.state,
    definition: job.definition,
    pausedReason: job.pausedReason,
    definedBy: job.definedBy,
    source: job.source,
    nextAt: isoOrNull(job.nextAt),
    dueAt: isoOrNull(job.dueAt),
    gatheredCount: job.gatheredCount,
    lastTick: job.lastTick === null ? null : toTickRecord(job.lastTick),
    failing: job.failing && { ...job.failing, since: iso(new Date(job.failing.since)) },
    activeRunIds: job.activeRunIds,
    updatedAt: iso(job.updatedAt),
  };
}
