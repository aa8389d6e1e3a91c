/** Reads conversations for people; read-history.ts reads them for models. */
import type { Sql } from "@roost/database";
import type { SessionKind } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { messageColumns, type StoredMessage } from "./message.ts";
import { sessionColumns, type Session } from "./session.ts";

export interface TranscriptPage {
  /** Oldest message of the page first. */
  messages: StoredMessage[];
  /** Pass it as `before` for the page of older messages; null: there are none. */
  next: number | null;
}

export interface TranscriptQuery {
  limit?: number | undefined;
  before?: number | undefined;
  /** Without what was taken back, or stands before a reset. */
  asAgents?: boolean;
}

const pageMax = 500;

/**
 * A page of a transcript, turn by turn, the newest messages without `before`. Messages for the model only have no text and are left out. What came
 * while a turn was answered stands behind it.
 */
export async function readTranscript(
  memory: Memory,
  sessionKey: string,
  { limit = 50, before, asAgents = false }: TranscriptQuery = {},
): Promise<TranscriptPage> {
  const count = Math.min(Math.max(1, Math.trunc(limit)), pageMax);
  const rows = await memory.kernel.database.query<StoredMessage>(
    `select ${messageColumns} from memory.message
     where session_key = $1 and (role <> 'system' or text <> '') and ($2::bigint is null or (turn_seq, place, seq) <
       (select last.turn_seq, last.place, last.seq from memory.message last where last.session_key = $1 and last.seq = $2))
       and (not $4 or not is_taken_back and turn_seq >= (select begins_at from memory.session where key = $1))
     order by turn_seq desc, place desc, seq desc limit $3`,
    [sessionKey, before ?? null, count + 1, asAgents],
  );
  const page = rows.slice(0, count).reverse();
  return { messages: page, next: rows.length > count ? page[0]!.seq : null };
}

export async function readMessage(
  { kernel }: Memory,
  messageId: string,
  sql: Sql = kernel.database,
): Promise<StoredMessage | undefined> {
  const [row] = await sql.query<StoredMessage>(
    `select ${messageColumns} from memory.message where id = $1`,
    [messageId],
    { name: "memory_read_message" },
  );
  return row;
}

export async function getSession(memory: Memory, key: string): Promise<Session | undefined> {
  const [row] = await memory.kernel.database.query<Session>(
    `select ${sessionColumns} from memory.session where key = $1`,
    [key],
  );
  return row;
}

export interface SessionPage {
  sessions: Session[];
  next: string | null;
}

/** Sessions, most recently used first. */
export async function listSessions(
  memory: Memory,
  query: {
    keys?: readonly string[] | undefined;
    kinds?: readonly SessionKind[] | undefined;
    limit?: number | undefined;
    after?: string | undefined;
  } = {},
): Promise<SessionPage> {
  const count = Math.min(Math.max(1, Math.trunc(query.limit ?? 50)), pageMax);
  const rows = await memory.kernel.database.query<Session>(
    `select ${sessionColumns} from memory.session s
     where ($1::text[] is null or kind = any($1)) and ($4::text[] is null or key = any($4))
       and ($2::text is null or (coalesce(last_message_at, created_at), key) <
         (select coalesce(last_message_at, created_at), key from memory.session where key = $2))
     order by coalesce(last_message_at, created_at) desc, key desc limit $3`,
    [query.kinds ?? null, query.after ?? null, count + 1, query.keys ?? null],
  );
  const sessions = rows.slice(0, count);
  return { sessions, next: rows.length > count ? sessions.at(-1)!.key : null };
}
