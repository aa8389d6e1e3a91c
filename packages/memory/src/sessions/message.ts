/** Table memory.message. Content has the form of @roost/agent's messages, which this room only stores and passes on. */
import type { JsonObject, JsonValue } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { Part } from "@roost/contract/part";
import type { KernelTransaction } from "@roost/kernel";
import { tellParts } from "../parts/parts.ts";
import type { SessionRow } from "./session.ts";

/** Structurally the `Message` of @roost/agent. */
export type ContextMessage = (
  | { role: "user"; text: string; parts?: Part[]; isUntrusted?: boolean; from?: string }
  | {
      role: "assistant";
      text: string;
      reasoning?: { text: string; providerMetadata?: JsonValue }[];
      toolCalls?: { toolCallId: string; toolName: string; argumentsText: string; providerMetadata?: JsonValue }[];
      provider: string;
      model: string;
      isRehearsed?: boolean;
    }
  | {
      role: "tool";
      toolCallId: string;
      toolName: string;
      text: string;
      parts?: Part[];
      isError?: boolean;
      isUntrusted?: boolean;
    }
  | { role: "summary"; text: string; messageCount: number; method: "model" | "dropped"; isUntrusted?: boolean }
) & {
  /** Of its text; default: those of its context. The table has a column for them. */
  labels?: string[];
};

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
  /** The label set of its text. */
  labels: number;
  createdAt: Date;
}

export const messageColumns = `id, session_key as "sessionKey", seq, role, text, content, run_id as "runId", source, is_rehearsed as "isRehearsed", labels, created_at as "createdAt"`;

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
  /** The seq of the message that began the turn; default: this one. */
  turnSeq?: number;
  place: MessagePlace;
  role: StoredMessage["role"];
  content: ContextMessage;
  labels: Labels;
  /** Shown to people; default: the content's text. */
  text?: string;
  runId?: string;
  source?: string;
  isRehearsed?: boolean;
}

/** Inserts messages at the places reserved by lockSession, from `session.nextSeq` on; returns their seqs. */
export async function insertMessages(
  tx: KernelTransaction,
  session: SessionRow,
  messages: NewMessage[],
): Promise<number[]> {
  if (messages.length === 0) return [];
  const numbers: number[] = [];
  for (const { labels } of messages) numbers.push(await tx.labelSet(labels));
  const rows = messages.map((message, index) => {
    const seq = session.nextSeq + index;
    const content = fitContent(message.content);
    return {
      seq,
      id: message.id,
      turn_seq: message.turnSeq ?? seq,
      place: places[message.place],
      role: message.role,
      text: cleanText(message.text ?? message.content.text, messageLimits.textCharsMax),
      content,
      run_id: message.runId ?? null,
      source: message.source ?? null,
      isRehearsed: message.isRehearsed ?? false,
      labels: numbers[index],
    };
  });
  await tx.query(
    `insert into memory.message (session_key, seq, id, turn_seq, place, role, text, content, run_id, source, is_rehearsed, labels, created_at)
     select $1, seq, id, turn_seq, place, role, text, content, run_id, source, "isRehearsed", labels, roost.now()
     from jsonb_to_recordset($2) as m(seq bigint, id uuid, turn_seq bigint, place smallint, role text, text text, content jsonb, run_id uuid,
       source text, "isRehearsed" boolean, labels integer)`,
    [session.key, JSON.stringify(rows)],
    { name: "memory_insert_messages" },
  );
  await tellParts(tx, messages.map(({ content }) => content).flatMap(partsOf));
  return rows.map((row) => row.seq);
}

export function partsOf(content: ContextMessage): readonly Part[] {
  return content.role === "user" || content.role === "tool" ? (content.parts ?? []) : [];
}

/** Makes a text storable and cuts it to a length without splitting a character. */
export function cleanText(text: string, charsMax: number): string {
  const clean = text.toWellFormed().replaceAll("\0", "\uFFFD");
  if (clean.length <= charsMax) return clean;
  return `${clean.slice(0, charsMax - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

function fitContent({ labels: _inColumn, ...content }: ContextMessage): JsonObject {
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
