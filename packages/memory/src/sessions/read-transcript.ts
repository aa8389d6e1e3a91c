/** Reads conversations: pages for people, and the history for a model. */
import { covers, isUntrusted, joinLabels, openLabels, type Clearance, type Labels } from "@roost/contract/labels";
import type { Memory } from "../memory.ts";
import { clearanceOf } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { messageColumns, type ContextMessage, type StoredMessage } from "./message.ts";
import { sessionColumns, type Session, type SessionRow } from "./session.ts";
import type { SessionKind } from "@roost/kernel";

export interface TranscriptPage {
  /** Oldest message of the page first, in order of arrival. */
  messages: StoredMessage[];
  /** Pass it as `before` for the page of older messages; null: there are none. */
  next: number | null;
}

const pageMax = 500;

/** A page of a transcript, the newest messages without `before`. Messages for the model only have no text and are left out. */
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

/** Sessions, most recently used first. */
export async function listSessions(
  memory: Memory,
  query: {
    keys?: readonly string[] | undefined;
    kind?: SessionKind | undefined;
    limit?: number | undefined;
    after?: string | undefined;
  } = {},
): Promise<SessionPage> {
  const count = Math.min(Math.max(1, Math.trunc(query.limit ?? 50)), pageMax);
  const rows = await memory.kernel.database.query<Session>(
    `select ${sessionColumns} from memory.session s
     where ($1::text is null or kind = $1) and ($4::text[] is null or key = any($4))
       and ($2::text is null or (coalesce(last_message_at, created_at), key) <
         (select coalesce(last_message_at, created_at), key from memory.session where key = $2))
     order by coalesce(last_message_at, created_at) desc, key desc limit $3`,
    [query.kind ?? null, query.after ?? null, count + 1, query.keys ?? null],
  );
  const sessions = rows.slice(0, count);
  return { sessions, next: rows.length > count ? sessions.at(-1)!.key : null };
}

export interface History {
  messages: ContextMessage[];
  /** Of all of them, joined. */
  labels: Labels;
  /** Turns that did not fit. */
  droppedTurnCount: number;
}

const historyRowsMax = 2_000;
/** Tool results are long and soon outdated: earlier turns keep only their beginning. */
const toolTextCharsMax = 2_000;

/** The conversation before a turn, for a model: whole turns, the newest that fit, oldest first. */
export async function readHistory(
  { kernel }: Memory,
  session: SessionRow,
  { viewer, beforeTurn, charsMax }: { viewer: Viewer; beforeTurn: number; charsMax: number },
): Promise<History> {
  const isCompacted =
    session.compactedTurn !== null && session.compactedTurn < beforeTurn && Array.isArray(session.compacted);
  const afterTurn = isCompacted ? session.compactedTurn! : 0;
  const rows = await kernel.database.query<HistoryRow>(
    `select turn_seq as "turnSeq", place, content, labels from memory.message
     where session_key = $1 and turn_seq < $2 and turn_seq > $3 and not is_rehearsed
     order by turn_seq desc, place desc, seq desc limit $4`,
    [session.key, beforeTurn, afterTurn, historyRowsMax],
    { name: "memory_read_history" },
  );
  const clearance = clearanceOf(viewer);
  const read = (number: number) => kernel.labelSets.read(kernel.database, number);
  const labelled = await Promise.all(rows.map(async (row) => ({ ...row, labels: await read(row.labels) })));
  const turns = groupByTurn(labelled.filter((row) => covers(ofConversation(clearance, viewer, row), row.labels)));
  const kept: ContextMessage[] = [];
  let labels = openLabels;
  let leftChars = charsMax;
  let droppedTurnCount = 0;
  for (const turn of turns) {
    const messages = asTold(turn, viewer);
    const chars = messages.reduce((sum, message) => sum + message.text.length, 0);
    if (droppedTurnCount > 0 || (chars > leftChars && kept.length > 0)) {
      droppedTurnCount += 1;
      continue;
    }
    leftChars -= chars;
    kept.unshift(...messages);
    labels = joinLabels(labels, ...turn.map((row) => row.labels));
  }
  if (!isCompacted || droppedTurnCount > 0) return { messages: kept, labels, droppedTurnCount };
  const ofCompacted = await read(session.compactedLabels);
  if (!covers(clearance, ofCompacted)) return { messages: kept, labels, droppedTurnCount };
  const before = session.compacted as unknown as ContextMessage[];
  return {
    messages: [...before, ...kept],
    labels: joinLabels(labels, ofCompacted),
    droppedTurnCount,
  };
}

/** What a person and an agent said to each other both know, however little else the agent may; what Roost told it is not part of that. */
function ofConversation(clearance: Clearance, { kind }: Viewer, { place }: LabelledRow): Clearance {
  return clearance === "all" || kind !== "main" || place === toldPlace ? clearance : [...clearance, "main"];
}

interface HistoryRow {
  turnSeq: number;
  place: number;
  content: ContextMessage;
  labels: number;
}

type LabelledRow = Omit<HistoryRow, "labels"> & { labels: Labels };

/** Groups rows in reverse order into turns, newest first, each in its own order. */
function groupByTurn(rows: LabelledRow[]): LabelledRow[][] {
  const turns: LabelledRow[][] = [];
  for (const row of rows) {
    const last = turns.at(-1);
    if (last?.[0]?.turnSeq === row.turnSeq) last.unshift(row);
    else turns.push([row]);
  }
  return turns;
}

const toldPlace = 0;
const answeredPlace = 2;

/**
 * An earlier turn as a model gets it again. What a model said after reading outside content may repeat it: it comes back as attributed material,
 * not as the model's own words. In a channel everything is from outside, and there is nothing to reach from it.
 */
function asTold(turn: LabelledRow[], viewer: Viewer): ContextMessage[] {
  const answers = turn.filter((row) => row.place === answeredPlace);
  const marked = answers.filter((row) => isUntrusted(row.labels));
  if (marked.length === 0 || viewer.kind === "channel") return turn.map((row) => shortened(row.content));
  const told: ContextMessage = {
    role: "user",
    text: answers.map(({ content }) => retold(shortened(content))).join("\n"),
    isUntrusted: true,
    from: `an earlier turn of yours with content from ${joinLabels(...marked.map((row) => row.labels)).sources.join(" ") || "outside"}`,
  };
  return [...turn.filter((row) => row.place !== answeredPlace).map((row) => shortened(row.content)), told];
}

function retold(message: ContextMessage): string {
  if (message.role === "tool") return `[answer of ${message.toolName}] ${message.text}`;
  if (message.role !== "assistant") return message.text;
  const calls = (message.toolCalls ?? []).map(
    ({ toolName, argumentsText }) =>
      `[you called ${toolName} ${argumentsText.slice(0, toolTextCharsMax).toWellFormed()}]`,
  );
  return [...(message.text === "" ? [] : [`[you] ${message.text}`]), ...calls].join("\n");
}

function shortened(message: ContextMessage): ContextMessage {
  if (message.role !== "tool" || message.text.length <= toolTextCharsMax) return message;
  const cutChars = message.text.length - toolTextCharsMax;
  return {
    ...message,
    text: `${message.text.slice(0, toolTextCharsMax).toWellFormed()}\n[${cutChars} more characters of an earlier turn]`,
  };
}
