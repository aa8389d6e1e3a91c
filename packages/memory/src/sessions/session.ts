/** Table memory.session: the conversations, and where in the log each is. */
import { RoostError, type JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";
import type { KernelTransaction, SessionKind } from "@roost/kernel";

export interface Session {
  key: string;
  kind: SessionKind;
  agent: string;
  title: string | null;
  messageCount: number;
  createdAt: Date;
  lastMessageAt: Date | null;
}

export interface SessionRow extends Session {
  nextSeq: number;
  /** Where the next digest begins; null: none was shown yet. */
  digestOffsets: string | null;
  /** When the events before it were shown. */
  digestAt: Date | null;
  compacted: JsonValue;
  compactedTurn: number | null;
  /** The label set of the compacted conversation. */
  compactedLabels: number;
}

export const sessionColumns = `key, kind, agent, title, next_seq - 1 as "messageCount", created_at as "createdAt", last_message_at as "lastMessageAt"`;
const rowColumns = `${sessionColumns}, next_seq as "nextSeq", digest_offsets as "digestOffsets", digest_at as "digestAt",
  compacted, compacted_turn as "compactedTurn", compacted_labels as "compactedLabels"`;

/** The kind of a session, by its key. Keys of a person's conversations are free; others begin with their kind. */
export function kindOfSession(key: string): SessionKind {
  const prefix = key.split(":", 1)[0];
  if (prefix === "cron" || prefix === "heartbeat" || prefix === "subagent" || prefix === "channel") return prefix;
  return "main";
}

export async function readSession(sql: Sql, key: string): Promise<SessionRow | undefined> {
  const [row] = await sql.query<SessionRow>(`select ${rowColumns} from memory.session where key = $1`, [key], {
    name: "memory_read_session",
  });
  return row;
}

export interface NewSession {
  key: string;
  kind: SessionKind;
  agent: string;
}

export interface TakePlaces {
  /** How many messages are to be added. */
  messageCount: number;
  /** Where the next digest begins, if one was shown. */
  digestOffsets?: string;
  /** Whose turn is asked for. */
  runId?: string;
}

/**
 * Returns the session, created if needed, with this many message places reserved from `nextSeq` on. Its row stays locked until the transaction
 * ends, so that messages are in commit order. `askedSeq`: the turn of the message that the run answers.
 */
export async function lockSession(
  tx: KernelTransaction,
  session: NewSession,
  { messageCount, digestOffsets, runId }: TakePlaces,
): Promise<SessionRow & { askedSeq: number | null }> {
  if (session.key.length === 0 || session.key.length > 200 || /\p{C}/u.test(session.key)) {
    throw new RoostError(
      "invalid_input",
      `session key ${JSON.stringify(session.key.slice(0, 80))} must have 1 to 200 visible characters`,
    );
  }
  const [row] = await tx.query<SessionRow & { askedSeq: number | null }>(
    `insert into memory.session as s (key, kind, agent, created_at, next_seq, last_message_at, digest_offsets, digest_at)
     values ($1, $2, $3, roost.now(), 1 + $4, case when $4 > 0 then roost.now() end, $5, case when $5::text is not null then roost.now() end)
     on conflict (key) do update set next_seq = s.next_seq + $4, last_message_at = coalesce(excluded.last_message_at, s.last_message_at),
       digest_offsets = coalesce($5, s.digest_offsets), digest_at = coalesce(excluded.digest_at, s.digest_at)
     returning ${rowColumns}, (
       select m.turn_seq from memory.message m where m.run_id = $6 and m.session_key = $1 and m.place = 1 order by m.seq limit 1) as "askedSeq"`,
    [session.key, session.kind, session.agent, messageCount, digestOffsets ?? null, runId ?? null],
    { name: "memory_lock_session" },
  );
  return { ...row!, nextSeq: row!.nextSeq - messageCount };
}
