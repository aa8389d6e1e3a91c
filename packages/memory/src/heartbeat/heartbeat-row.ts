/** Table memory.heartbeat: what the last successful heartbeat checked, and what the current one checks. */
import type { Sql } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import type { HeartbeatInputs } from "./heartbeat-inputs.ts";

export interface HeartbeatRow {
  inputs: HeartbeatInputs | null;
  offsets: string | null;
  calledAt: Date | null;
  lastText: string | null;
  lastSentAt: Date | null;
}

export async function readHeartbeat(sql: Sql, sessionKey: string): Promise<HeartbeatRow | undefined> {
  const [row] = await sql.query<HeartbeatRow>(
    `select inputs, offsets, called_at as "calledAt", last_text as "lastText", last_sent_at as "lastSentAt"
     from memory.heartbeat where session_key = $1`,
    [sessionKey],
  );
  return row;
}

export async function savePending(
  tx: KernelTransaction,
  pending: { sessionKey: string; runId: string; inputs: HeartbeatInputs; offsets: string | null },
): Promise<void> {
  await tx.query(
    `insert into memory.heartbeat (session_key, pending_run_id, pending_inputs, pending_offsets) values ($1, $2, $3, $4)
     on conflict (session_key) do update set pending_run_id = $2, pending_inputs = $3, pending_offsets = $4`,
    [pending.sessionKey, pending.runId, JSON.stringify(pending.inputs), pending.offsets],
  );
}

/** Skips events that are not news, so that a quiet heartbeat does not read them again. Never moves backwards. */
export async function skipQuiet(
  sql: Sql,
  skip: { sessionKey: string; from: string | null; to: string },
): Promise<void> {
  await sql.query(
    `insert into memory.heartbeat as h (session_key, offsets) values ($1, $3)
     on conflict (session_key) do update set offsets = $3 where h.offsets is not distinct from $2`,
    [skip.sessionKey, skip.from, skip.to],
  );
}
