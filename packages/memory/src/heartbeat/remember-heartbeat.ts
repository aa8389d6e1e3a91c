/** What a heartbeat was shown and said, kept when it has ended well. heartbeat-decision.ts decides whether the next one thinks. */
import type { JsonValue } from "@roost/base";
import type { KernelTransaction, Run } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { markOfFile, markOfState, type HeartbeatInputs } from "./heartbeat-inputs.ts";
import { readHeartbeat } from "./heartbeat-row.ts";

export interface RememberHeartbeat {
  run: Pick<Run, "id" | "sessionKey">;
  /** The delivered text; omitted when there was none. */
  text?: string | undefined;
}

/** Records that a heartbeat ended well, in the transaction that ends its run: what it was shown is not new to the next one. */
export async function rememberHeartbeat(tx: KernelTransaction, { run, text }: RememberHeartbeat): Promise<void> {
  const sessionKey = run.sessionKey ?? "heartbeat";
  const [pending] = await tx.query<{ inputs: HeartbeatInputs; offsets: string | null }>(
    `select pending_inputs as inputs, pending_offsets as offsets from memory.heartbeat
     where session_key = $1 and pending_run_id = $2 for update`,
    [sessionKey, run.id],
  );
  if (pending !== undefined) {
    const inputs = { ...pending.inputs, ...(await marksOfOwnWrites(tx, run.id, pending.inputs)) };
    await tx.query(
      `update memory.heartbeat set inputs = $2, offsets = coalesce($3, offsets), called_at = roost.now(),
         pending_run_id = null, pending_inputs = null, pending_offsets = null where session_key = $1`,
      [sessionKey, JSON.stringify(inputs), pending.offsets],
    );
  }
  if (text === undefined) return;
  await tx.query(
    `insert into memory.heartbeat (session_key, last_text, last_sent_at) values ($1, $2, roost.now())
     on conflict (session_key) do update set last_text = $2, last_sent_at = roost.now()`,
    [sessionKey, text.toWellFormed().replaceAll("\0", "\uFFFD")],
  );
}

/** A heartbeat's own note does not wake the next one, unless it was changed since. */
async function marksOfOwnWrites(
  tx: KernelTransaction,
  runId: string,
  shown: HeartbeatInputs,
): Promise<HeartbeatInputs> {
  const [files, states] = await Promise.all([
    tx.query<{ path: string; sha256: string | null }>("select path, sha256 from memory.file where run_id = $1", [
      runId,
    ]),
    tx.query<{ name: string; value: JsonValue }>("select name, value from memory.state where run_id = $1", [runId]),
  ]);
  const marks: HeartbeatInputs = {};
  for (const { path, sha256 } of files) marks[`file:${path}`] = markOfFile(sha256);
  for (const { name, value } of states) marks[`state:${name}`] = markOfState(value);
  // Nothing is kept of a file that is not checked.
  return Object.fromEntries(
    Object.entries(marks).filter(
      ([name]) => name in shown || !name.startsWith("file:") || name.startsWith("file:memory/"),
    ),
  );
}

/** The last delivered text: the same text is not delivered twice within a day. */
export async function lastHeartbeat(
  memory: Memory,
  run: Pick<Run, "sessionKey">,
): Promise<{ text: string; sentAtMs: number } | undefined> {
  const row = await readHeartbeat(memory.kernel.database, run.sessionKey ?? "heartbeat");
  if (row?.lastText == null || row.lastSentAt === null) return undefined;
  return { text: row.lastText, sentAtMs: row.lastSentAt.getTime() };
}
