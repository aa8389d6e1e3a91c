/** Table memory.message. Content has the form of @roost/agent's messages, which this room only stores and passes on. */
import type { JsonObject, JsonValue } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import { clipText } from "@roost/contract/operations";
import type { Part } from "@roost/contract/part";
import type { KernelTransaction } from "@roost/kernel";
import { tellParts } from "../parts/parts.ts";
import { checkSessionKey, sessionRowColumns, type NewSession, type SessionRow } from "./session.ts";

/** Structurally the `Message` of @roost/agent. */
export type ContextMessage = (
  | { role: "user"; text: string; parts?: Part[] | undefined; isUntrusted?: boolean | undefined; from?: string }
  | {
      role: "assistant";
      text: string;
      reasoning?: { text: string; providerMetadata?: JsonValue }[] | undefined;
      parts?: Part[] | undefined;
      toolCalls?:
        | { toolCallId: string; toolName: string; argumentsText: string; providerMetadata?: JsonValue }[]
        | undefined;
      provider: string;
      model: string;
      isRehearsed?: boolean | undefined;
    }
  | {
      role: "tool";
      toolCallId: string;
      toolName: string;
      text: string;
      parts?: Part[] | undefined;
      isError?: boolean;
      isUntrusted?: boolean | undefined;
    }
  | {
      role: "summary";
      text: string;
      messageCount: number;
      method: "model" | "dropped";
      isUntrusted?: boolean | undefined;
    }
) & {
  /** Of its text; default: those of its context. The table has a column for them. */
  labels?: string[] | undefined;
};

export type AskedMessage = Extract<ContextMessage, { role: "user" }>;

/** What a run is asked. */
export interface Asked {
  message: AskedMessage;
  /** Of the message and the events before it. */
  labels: Labels;
  /** Its place in the transcript; undefined when it is not there yet. */
  seq?: number;
  /** The events that started the run, shown before the message. Anyone who can append an event may have written them, so they are untrusted. */
  brought?: AskedMessage;
}

export interface StoredMessage {
  id: string;
  sessionKey: string;
  seq: number;
  role: "user" | "assistant" | "tool" | "system";
  text: string;
  content: ContextMessage;
  runId: string | null;
  source: string | null;
  isRehearsed: boolean;
  /** People read it, agents do not. */
  isTakenBack: boolean;
  /** The label set of its text. */
  labels: number;
  createdAt: Date;
}

export const messageColumns = `id, session_key as "sessionKey", seq, role, text, content, run_id as "runId", source, is_rehearsed as "isRehearsed", is_taken_back as "isTakenBack", labels, created_at as "createdAt"`;

export const messageLimits = {
  /** Of one message in a transcript; tool results may be longer in their steps. */
  textCharsMax: 100_000,
  contentBytesMax: 1_048_576,
} as const;

/** Told with a message, the message, its answers. */
export type MessagePlace = "told" | "asked" | "answered";
const places: Record<MessagePlace, number> = { told: 0, asked: 1, answered: 2 };

export interface NewMessage {
  id: string;
  /** The seq of the message that began the turn; default: of the run that is named, or else the first that is added. */
  turnSeq?: number;
  place: MessagePlace;
  role: StoredMessage["role"];
  content: ContextMessage;
  labels: Labels;
  /** Shown to people; default: the content's text. */
  text?: string;
  runId?: string;
  source?: string | undefined;
  isRehearsed?: boolean | undefined;
  /** Of a summary: the last turn that it stands for. */
  throughTurn?: number;
}

export interface AddMessages {
  /** Where the next digest begins, if one was shown. */
  digestOffsets?: string | undefined;
  /** The run whose turn they belong to, where they do not say so themselves. */
  runId?: string;
}

/** A session with the messages that were added. */
export interface AddedTo extends SessionRow {
  /** Of the first message; the others follow. */
  firstSeq: number;
  /** The turn of the messages that did not name theirs. */
  turnSeq: number;
}

/**
 * Adds messages to a session, which is created if needed, in one statement. Its row stays locked until the transaction ends, so that messages are in
 * commit order.
 */
export async function addMessages(
  tx: KernelTransaction,
  session: NewSession,
  messages: readonly NewMessage[],
  { digestOffsets, runId }: AddMessages = {},
): Promise<AddedTo> {
  checkSessionKey(session.key);
  const rows = [];
  for (const message of messages) {
    rows.push({
      id: message.id,
      turn_seq: message.turnSeq,
      place: places[message.place],
      role: message.role,
      text: cleanText(message.text ?? message.content.text, messageLimits.textCharsMax),
      content: fitContent(message.content),
      run_id: message.runId,
      source: message.source,
      is_rehearsed: message.isRehearsed ?? false,
      through_turn: message.throughTurn,
      labels: await tx.labelSet(message.labels),
    });
  }
  const [added] = await tx.query<AddedTo>(
    `with s as (
       insert into memory.session as s (key, kind, agent, created_at, next_seq, last_message_at, digest_offsets, digest_at)
       values ($1, $2, $3, roost.now(), 1 + $4, case when $4 > 0 then roost.now() end, $5, case when $5::text is not null then roost.now() end)
       on conflict (key) do update set next_seq = s.next_seq + $4, last_message_at = coalesce(excluded.last_message_at, s.last_message_at),
         digest_offsets = coalesce($5, s.digest_offsets), digest_at = coalesce(excluded.digest_at, s.digest_at)
       returning ${sessionRowColumns}, next_seq - $4 as "firstSeq", coalesce((
         select m.turn_seq from memory.message m where m.run_id = $6 and m.session_key = $1 and m.place = 1 order by m.seq limit 1), next_seq - $4) as "turnSeq"
     ), added as (
       insert into memory.message (session_key, seq, id, turn_seq, place, role, text, content, run_id, source, is_rehearsed, through_turn, labels, created_at)
       select $1, s."firstSeq" + n - 1, id, coalesce(turn_seq, s."turnSeq"), place, role, text, content, run_id, source, is_rehearsed, through_turn, labels, roost.now()
       from s, rows from (jsonb_to_recordset($7::jsonb) as (id uuid, turn_seq bigint, place smallint, role text, text text, content jsonb, run_id uuid,
         source text, is_rehearsed boolean, through_turn bigint, labels integer)) with ordinality
         as m(id, turn_seq, place, role, text, content, run_id, source, is_rehearsed, through_turn, labels, n)
     ) select * from s`,
    [session.key, session.kind, session.agent, rows.length, digestOffsets ?? null, runId ?? null, JSON.stringify(rows)],
    { name: "memory_add_messages" },
  );
  await tellParts(tx, messages.map(({ content }) => content).flatMap(partsOf));
  return added!;
}

export function partsOf(content: ContextMessage): readonly Part[] {
  return content.role === "summary" ? [] : (content.parts ?? []);
}

/** What an event says of a part: its text stands in the message. */
export function namedPart({ text: _text, labels: _labels, ...part }: Part): Part {
  return part;
}

/** Makes a text storable and cuts it to a length without splitting a character. */
export function cleanText(text: string, charsMax: number): string {
  return clipText(text.toWellFormed().replaceAll("\0", "\uFFFD"), charsMax);
}

export function fitContent({ labels: _inColumn, ...content }: ContextMessage): JsonObject {
  const cleaned = clean(content as unknown as JsonObject) as JsonObject;
  cleaned["text"] = cleanText(content.text, messageLimits.textCharsMax);
  if (Buffer.byteLength(JSON.stringify(cleaned)) <= messageLimits.contentBytesMax) return cleaned;
  // Reasoning is the only other part that can be this long, and no later call needs it.
  return Object.fromEntries(Object.entries(cleaned).filter(([name]) => name !== "reasoning"));
}

/** jsonb holds no NUL and no lone surrogates. */
function clean(value: JsonValue): JsonValue {
  if (typeof value === "string") return cleanText(value, Number.MAX_SAFE_INTEGER);
  if (Array.isArray(value)) return value.map(clean);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [cleanText(name, 1000), clean(field)]),
  );
}
