/** Records a message to a session and the run that will answer it, in one transaction, once per idempotency key. */
import { createHash } from "node:crypto";
import { RoostError, type JsonFields, type JsonObject, type JsonValue } from "@roost/base";
import { formatLabels, joinLabels, parseLabels, untrustedFrom, type SourceKind } from "@roost/contract/labels";
import { defaultAgent, type PartRef } from "@roost/contract/operations";
import { describePart } from "@roost/contract/part";
import { createRun, firstLabels, rememberResult, type KernelTransaction, type SessionKind } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { takeParts } from "../parts/parts.ts";
import { addMessages, cleanText, messageLimits, namedPart } from "./message.ts";
import { kindOfSession } from "./session.ts";

export interface SendMessage {
  /** `main`, or any name; `channel:…` for messages of other people. */
  sessionKey: string;
  text: string;
  /** Parts that were uploaded, by hash; with some the text may be empty. */
  parts?: readonly PartRef[] | undefined;
  /** Agent of a new session. Default: main. */
  agent?: string | undefined;
  /** Where it comes from: cli, console, … */
  source?: string;
  /** A repeated key returns the first message. */
  idempotencyKey?: string | undefined;
  traceparent?: string | undefined;
  /** The text is untrusted and shown between delimiters. Always true in channels. */
  isUntrusted?: boolean | undefined;
  /** What untrusted text came through. Default: client. */
  origin?: SourceKind | undefined;
  isRehearsed?: boolean | undefined;
  /** What its run gets beside the message: tools of a program, and what that program tells the agent. */
  input?: JsonFields | undefined;
}

export type SentMessage = { messageId: string; runId: string; isRepeated: boolean };

const messageRun = { timeoutMs: 1_800_000, retry: { attemptsMax: 3, backoffMs: 5_000 }, priority: 10 } as const;
const titleCharsMax = 80;

/** Records a message and its run, queued behind earlier ones of the session. `alongside` are further writes, when it is not a repeat. */
export async function sendMessage(
  memory: Memory,
  message: SendMessage,
  { alongside }: { alongside?: ((tx: KernelTransaction, sent: { runId: string }) => Promise<void>) | undefined } = {},
): Promise<SentMessage> {
  const kind = kindOfSession(message.sessionKey);
  if (kind !== "main" && kind !== "channel") {
    throw new RoostError(
      "invalid_input",
      `session "${message.sessionKey}" is a ${kind} session and takes no messages: write to main`,
    );
  }
  const isEmpty = message.text.trim() === "" && (message.parts ?? []).length === 0;
  if (isEmpty || message.text.length > messageLimits.textCharsMax) {
    throw new RoostError(
      "invalid_input",
      `a message has 1 to ${messageLimits.textCharsMax} characters, this one has ${message.text.length}`,
    );
  }
  const suggested = await suggestionFor(memory, message, kind);
  return memory.kernel.transact(async (tx) => {
    const { idempotencyKey } = message;
    const write = async () => {
      const sent = await record(memory, tx, { message, kind, suggested });
      await alongside?.(tx, sent);
      return sent;
    };
    if (idempotencyKey === undefined) return { ...(await write()), isRepeated: false };
    const { result, isRepeated } = await rememberResult(
      tx,
      { scope: `memory.message:${message.sessionKey}`, key: idempotencyKey, fingerprint: fingerprintOf(message) },
      write,
    );
    return { ...result, isRepeated };
  });
}

/** Of what the person says to main alone: another agent was chosen, and what comes from outside suggests nothing. */
async function suggestionFor(
  { suggestRoute }: Memory,
  { text, agent = defaultAgent, isUntrusted }: SendMessage,
  kind: SessionKind,
): Promise<JsonObject | undefined> {
  if (suggestRoute === undefined || kind !== "main" || agent !== defaultAgent || isUntrusted === true) return undefined;
  const suggested = text.trim() === "" ? undefined : await suggestRoute(text);
  return suggested && { ...suggested };
}

/** Covers the whole request: long messages with the same beginning are different requests. */
function fingerprintOf({ text, agent, parts = [] }: SendMessage): string {
  return createHash("sha256")
    .update(JSON.stringify([text, agent ?? null, ...parts.map(({ sha256 }) => sha256)]))
    .digest("hex");
}

async function record(
  memory: Memory,
  tx: KernelTransaction,
  { message, kind, suggested }: { message: SendMessage; kind: SessionKind; suggested: JsonObject | undefined },
): Promise<{ messageId: string; runId: string }> {
  const { kernel } = memory;
  const { sessionKey, source = "api" } = message;
  const messageId = kernel.createId();
  const runId = kernel.createId();
  const text = cleanText(message.text, messageLimits.textCharsMax);
  const isUntrusted = message.isUntrusted === true || kind === "channel";
  const first = firstLabels({ sessionKind: kind, sessionKey });
  const isFromOutside = isUntrusted && kind !== "channel";
  const said = isFromOutside ? joinLabels(first, untrustedFrom(message.origin ?? "client", source)) : first;
  const parts = await takeParts(memory, tx, { refs: message.parts ?? [], labels: said });
  const labels = joinLabels(said, ...parts.map((part) => parseLabels(part.labels)));
  const withParts = parts.length > 0 && { parts };
  const session = await addMessages(tx, { key: sessionKey, kind, agent: message.agent ?? "main" }, [
    {
      id: messageId,
      place: "asked",
      role: "user",
      content: { role: "user", text, ...withParts, ...(isUntrusted && { isUntrusted }) },
      labels,
      runId,
      source,
    },
  ]);
  const seq = session.firstSeq;
  const eventId = tx.emit({
    type: "message.received",
    subject: sessionKey,
    labels: formatLabels(labels),
    data: {
      sessionKey,
      sessionKind: session.kind,
      messageId,
      seq,
      runId,
      text,
      parts: parts.length > 0 ? (parts.map(namedPart) as unknown as JsonValue) : undefined,
      source,
    },
    traceparent: message.traceparent,
  });
  await createRun(tx, {
    ...messageRun,
    id: runId,
    reason: `a message from ${source}`,
    title: titleOf([text, ...parts.map(describePart)].join(" ")),
    input: { ...message.input, messageId, seq, suggested },
    serialKey: `session:${sessionKey}`,
    agent: session.agent,
    sessionKey,
    sessionKind: session.kind,
    labels,
    correlation: eventId,
    causation: eventId,
    traceparent: message.traceparent,
    ...(message.isRehearsed === true && { isRehearsed: true }),
  });
  return { messageId, runId };
}

function titleOf(text: string): string {
  const line = text.trim().split(/\s+/).join(" ");
  return cleanText(line, titleCharsMax);
}
