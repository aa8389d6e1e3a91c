import type { MessageRecord, SessionRecord } from "@roost/contract/operations";
import type { RunHead } from "@roost/kernel";
import { partsOf, type Session, type StoredMessage } from "@roost/memory";
import { iso, isoOrNull } from "./iso.ts";

/** A session with its unfinished runs. */
export function toSessionRecord(session: Session, live: readonly RunHead[]): SessionRecord {
  const active = live.find(({ state }) => state === "running" || state === "waiting");
  return {
    key: session.key,
    kind: session.kind,
    agent: session.agent,
    title: session.title,
    messageCount: session.messageCount,
    activeRunId: active?.id ?? null,
    queuedCount: live.filter(({ state }) => state === "queued" || state === "ready").length,
    createdAt: iso(session.createdAt),
    lastMessageAt: isoOrNull(session.lastMessageAt),
  };
}

export function toMessageRecord(message: StoredMessage): MessageRecord {
  return {
    id: message.id,
    sessionKey: message.sessionKey,
    seq: message.seq,
    role: message.role,
    text: message.text,
    parts: [...partsOf(message.content)],
    content: message.role === "user" ? null : message.content,
    runId: message.runId,
    source: message.source,
    isRehearsed: message.isRehearsed,
    isTakenBack: message.isTakenBack,
    createdAt: iso(message.createdAt),
  };
}
