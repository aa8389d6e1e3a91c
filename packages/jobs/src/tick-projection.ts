/** Table tick as a projection of tick.fired, tick.skipped and tick.missed: one row per event. */
import type { Projection, StoredEvent } from "@roost/kernel";

export const tickProjection: Projection = {
  name: "ticks",
  version: 1,
  topics: ["jobs"],
  types: ["tick.fired", "tick.skipped", "tick.missed"],
  tables: [
    {
      name: "roost.tick",
      key: ["job_id", "tick_key"],
      where: "scheduled_at >= (select ticks_from from roost.retention)",
      // recorded_at is the row's time, the log has the event's: the same transaction, another statement.
      columns: [
        "job_id",
        "tick_key",
        "scheduled_at",
        "outcome",
        "reason",
        "run_id",
        "late_ms",
        "missed_count",
        "until",
        "job_version",
        "correlation",
        "event_id",
      ],
    },
  ],
  apply: async (tx, events, copyOf) => {
    await tx.query(
      `insert into ${copyOf("roost.tick")} (job_id, tick_key, scheduled_at, outcome, reason, run_id, late_ms, missed_count, until, job_version,
         correlation, event_id, recorded_at)
       select job_id, tick_key, scheduled_at, outcome, reason, run_id, late_ms, missed_count, until, job_version, correlation, event_id, recorded_at
       from jsonb_to_recordset($1) as new(job_id text, tick_key text, scheduled_at timestamptz, outcome text, reason text, run_id uuid, late_ms bigint,
         missed_count integer, until timestamptz, job_version integer, correlation text, event_id text, recorded_at timestamptz)`,
      [JSON.stringify(events.map(rowOf))],
    );
  },
};

function rowOf({ type, data, correlation, id, time }: StoredEvent) {
  return {
    job_id: data["jobId"],
    tick_key: data["tickKey"],
    scheduled_at: data["scheduledAt"],
    outcome: type.slice("tick.".length),
    reason: data["reason"] === "" ? null : (data["reason"] ?? null),
    run_id: data["runId"] ?? null,
    late_ms: data["lateMs"] ?? 0,
    missed_count: data["missedCount"] ?? 0,
    until: data["lastScheduledAt"] ?? null,
    job_version: data["jobVersion"],
    correlation,
    event_id: id,
    recorded_at: time.toISOString(),
  };
}
