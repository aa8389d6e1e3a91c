/** Reading conversations: pages for people, and the history that a model is given. */
import type { Sql } from "@roost/database";
import type { Memory } from "../memory.ts";
import { messageColumns, type ContextMessage, type StoredMessage } from "./message.ts";
import { sessionColumns, type Session, type SessionRow } from "./session.ts";
import type { SessionKind } from "@roost/kernel";

export interface TranscriptPage {
  /** The oldest of the page first, in the order in which they came. */
  messages: StoredMessage[];
  /** Give it as `before` for the page of older messages; null: there are none. */
  next: number | null;
}

const pageMax = 500;

/** A page of a transcript, the newest messages when `before` is left out. What only the model is told has no text and is not shown. */
export async function readTranscript(
  memory: Memory,
  sessionKey: string,
  { limit = 50, before }: { limit?: number | undefined; before?: number | undefined } = {},
): Promise<TranscriptPage> {
  const count = Math.min(Math.max(1, Math.trunc(limit)), pageMax);
  const rows = await memory.kernel.database.query<StoredMessage>(
    `select ${messageColumns} from memory.message where session_key = $1 and ($2::bigint is null or seq < $2)
       and (role <> 'system' or text <> '') order by seq desc limit $3`,
    [sessionKey, before ?? null, count + 1],
  );
  const page = rows.slice(0, count).reverse();
  return { messages: page, next: rows.length > count ? page[0]!.seq : null };
}

export async function readMessage(memory: Memory, messageId: string): Promise<StoredMessage | undefined> {
  const [row] = await memory.kernel.database.query<StoredMessage>(
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

/** Sessions, the last used first. */
export async function listSessions(
  memory: Memory,
  query: { kind?: SessionKind | undefined; limit?: number | undefined; after?: string | undefined } = {},
): Promise<SessionPage> {
  const count = Math.min(Math.max(1, Math.trunc(query.limit ?? 50)), pageMax);
  const rows = await memory.kernel.database.query<Session>(
    `select ${sessionColumns} from memory.session s
     where ($1::text is null or kind = $1)
       and ($2::text is null or (coalesce(last_message_at, created_at), key) <
         (select coalesce(last_message_at, created_at), key from memory.session where key = $2))
     order by coalesce(last_message_at, created_at) desc, key desc limit $3`,
    [query.kind ?? null, query.after ?? null, count + 1],
  );
  const sessions = rows.slice(0, count);
  return { sessions, next: rows.length > count ? sessions.at(-1)!.key : null };
}

export interface History {
  messages: ContextMessage[];
  /** Turns that did not fit. */
  droppedTurnCount: number;
}

const historyRowsMax = 2_000;
/** Results of tools are long and soon old: earlier turns keep their beginning. */
const toolTextCharsMax = 2_000;

/** The conversation before a turn, as a model takes it: whole turns, the newest that fit, oldest first. */
export async function readHistory(
  sql: Sql,
  session: SessionRow,
  { beforeTurn, charsMax }: { beforeTurn: number; charsMax: number },
): Promise<History> {
  const isCompacted =
    session.compactedTurn !== null && session.compactedTurn < beforeTurn && Array.isArray(session.compacted);
  const afterTurn = isCompacted ? session.compactedTurn! : 0;
  const rows = await sql.query<{ turnSeq: number; content: ContextMessage }>(
    `select turn_seq as "turnSeq", content from memory.message
     where session_key = $1 and turn_seq < $2 and turn_seq > $3 and not rehearsed
     order by turn_seq desc, place desc, seq desc limit $4`,
    [session.key, beforeTurn, afterTurn, historyRowsMax],
    { name: "memory_read_history" },
  );
  const turns = groupByTurn(rows);
  const kept: ContextMessage[] = [];
  let leftChars = charsMax;
  let droppedTurnCount = 0;
  for (const turn of turns) {
    const chars = turn.reduce((sum, message) => sum + message.text.length, 0);
    if (droppedTurnCount > 0 || (chars > leftChars && kept.length > 0)) {
      droppedTurnCount += 1;
      continue;
    }
    leftChars -= chars;
    kept.unshift(...turn);
  }
  const before = isCompacted && droppedTurnCount === 0 ? (session.compacted as unknown as ContextMessage[]) : [];
  return { messages: [...before, ...kept], droppedTurnCount };
}

/** From rows in reverse order to turns, the newest first, each in its own order. */
function groupByTurn(rows: { turnSeq: number; content: ContextMessage }[]): ContextMessage[][] {
  const turns: { turnSeq: number; messages: ContextMessage[] }[] = [];
  for (const { turnSeq, content } of rows) {
    const last = turns.at(-1);
    const message = shortened(content);
    if (last?.turnSeq === turnSeq) last.messages.unshift(message);
    else turns.push({ turnSeq, messages: [message] });
  }
  return turns.map((turn) => turn.messages);
}

function shortened(message: ContextMessage): ContextMessage {
  if (message.role !== "tool" || message.text.length <= toolTextCharsMax) return message;
  const cutChars = message.text.length - toolTextCharsMax;
  return {
    ...message,
    text: `${message.text.slice(0, toolTextCharsMax).toWellFormed()}\n[${cutChars} more characters of an earlier turn]`,
  };
}
