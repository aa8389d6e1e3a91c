/** A job as stored, and the one way its rows are read. */
// tidy: the row, its columns and its lock.
import { type JobDefinition, clipText, reasonCharsMax } from "@roost/contract/operations";
import type { Sql } from "@roost/database";
import type { Trigger } from "./trigger.ts";

export type JobState = "active" | "paused" | "finished" | "removed";
export type { JobDefinition };

export interface StoredJob {
  id: string;
  version: number;
  state: JobState;
  definition: JobDefinition;
  /** The definition's trigger with durations in milliseconds and a time zone. */
  trigger: Trigger;
  /** For active hours that name none. */
  timeZone: string;
  nextAt: Date | null;
  fireAt: Date | null;
  anchorAt: Date;
  missedCount: number;
  topic: string | null;
  fromOffsets: Record<string, number> | null;
  lastTickAt: Date | null;
  definedBy: string;
  source: string | null;
  pausedAt: Date | null;
  pausedBy: string | null;
  pausedReason: string | null;
  causeId: string;
  createdAt: Date;
  updatedAt: Date;
}

export const jobColumns = `
  job.id, job.version, job.state, job.definition, job.trigger, job.time_zone as "timeZone", job.next_at as "nextAt", job.fire_at as "fireAt",
  job.anchor_at as "anchorAt", job.missed_count as "missedCount", job.topic, job.from_offsets as "fromOffsets", job.last_tick_at as "lastTickAt",
  job.defined_by as "definedBy", job.source, job.paused_at as "pausedAt", job.paused_by as "pausedBy", job.paused_reason as "pausedReason",
  job.cause_id as "causeId", job.created_at as "createdAt", job.updated_at as "updatedAt"`;

/** Returns the job, locked until the transaction ends, and the database's time. Removed jobs only on request. */
export async function lockJob(
  tx: Sql,
  jobId: string,
  options: { removed?: boolean } = {},
): Promise<{ job: StoredJob; nowMs: number } | undefined> {
  const [row] = await tx.query<StoredJob & { now: Date }>(
    `select ${jobColumns}, roost.now() as now from roost.job where id = $1 and (state <> 'removed' or $2) for update`,
    [jobId, options.removed ?? false],
  );
  if (row === undefined) return undefined;
  const { now, ...job } = row;
  return { job, nowMs: now.getTime() };
}

/** Clips a reason to the length that events and rows hold. */
export function clipReason(text: string): string {
  return clipText(text, reasonCharsMax);
}
