/** Appends an answer to the transcript, in the transaction that ends its run. */
import { createId, type JsonValue } from "@roost/base";
import { partLimits } from "@roost/contract/part";
import { formatLabels, parseLabels, type Labels } from "@roost/contract/labels";
import type { KernelTransaction, Run } from "@roost/kernel";
import { recordSummaryFacts } from "../facts/mark-stale.ts";
import {
  addMessages,
  cleanText,
  messageLimits,
  namedPart,
  partsOf,
  type Asked,
  type ContextMessage,
  type NewMessage,
} from "./message.ts";
import { kindOfSession } from "./session.ts";

/** A summary that stands for the turns of a conversation up to one; structurally that of @roost/agent. */
export interface Summarised {
  message: Extract<ContextMessage, { role: "summary" }>;
  throughTurn: number;
  tokensBefore: number;
  tokensAfter: number;
}

export interface Reply {
  run: Pick<Run, "id" | "agent" | "sessionKey" | "sessionKind" | "jobId" | "correlation" | "causeId" | "labels">;
  /** Labels of the run at its end. Default: those at its claim. */
  labels?: Labels | undefined;
  /** What the person reads; empty: nothing is said. */
  text: string;
  /** Messages that the run added, tool calls and results included. */
  messages: readonly ContextMessage[];
  /** Of a run beside the conversation: what it was asked, which enters with the answer, as a turn of its own. */
  asked?: Asked | undefined;
  isRehearsed?: boolean | undefined;
  /** Written by the run; later turns continue from it. */
  summarised?: Summarised | undefined;
}

/** Appends an answer to the transcript, in the transaction that ends its run, and emits message.sent. */
export async function appendReply(tx: KernelTransaction, reply: Reply): Promise<void> {
  const { run, text, asked, summarised } = reply;
  if (run.sessionKey === null) return;
  const labels = reply.labels ?? (await tx.readLabels(run.labels));
  const source = run.jobId === null ? undefined : `job:${run.jobId}`;
  const common = { runId: run.id, isRehearsed: reply.isRehearsed === true, source };
  const answers = withText(reply).map((content): NewMessage => ({
    ...common,
    id: createId(),
    place: "answered",
    role: content.role === "summary" ? "system" : content.role,
    content,
    // A tool's result has its own labels; a model's text has those of all it was shown.
    labels: content.labels === undefined ? labels : parseLabels(content.labels),
  }));
  const last = answers.findLast((message) => message.role === "assistant");
  if (last !== undefined) last.text = text;
  const messages = [
    ...(summarised === undefined ? [] : [summaryMessage(run, summarised, labels)]),
    ...(asked === undefined ? [] : askedMessages(asked).map((message) => ({ ...common, ...message }))),
    ...answers,
  ];
  const kind = run.sessionKind ?? kindOfSession(run.sessionKey);
  // A run without a message is a turn of its own.
  const session = await addMessages(tx, { key: run.sessionKey, kind, agent: run.agent ?? "main" }, messages, {
    runId: run.id,
  });
  const told = { subject: session.key, correlation: run.correlation, causation: run.causeId };
  if (summarised !== undefined) {
    const { throughTurn } = summarised;
    // The summary is the first of the messages.
    await recordSummaryFacts(tx, { messageId: messages[0]!.id, sessionKey: session.key, throughTurn });
    tx.emit({
      ...told,
      type: "session.compacted",
      labels: summarised.message.labels ?? formatLabels(labels),
      data: {
        sessionKey: session.key,
        runId: run.id,
        messageCount: summarised.message.messageCount,
        tokensBefore: summarised.tokensBefore,
        tokensAfter: summarised.tokensAfter,
        summary: cleanText(summarised.message.text, messageLimits.textCharsMax),
      },
    });
  }
  const parts = answers.flatMap(({ content }) => (content.role === "assistant" ? partsOf(content) : []));
  if ((text === "" && parts.length === 0) || last === undefined) return;
  tx.emit({
    ...told,
    type: "message.sent",
    labels: formatLabels(labels),
    data: {
      sessionKey: session.key,
      sessionKind: session.kind,
      messageId: last.id,
      seq: session.firstSeq + messages.indexOf(last),
      runId: run.id,
      text: cleanText(text, messageLimits.textCharsMax),
      parts:
        parts.length > 0
          ? (parts.slice(0, partLimits.perMessageMax).map(namedPart) as unknown as JsonValue)
          : undefined,
      source,
      isRehearsed: reply.isRehearsed === true ? true : undefined,
    },
  });
}

/** Stands in the transcript where it was written, for people and for the turns that come. */
function summaryMessage(run: Reply["run"], { message, throughTurn }: Summarised, labels: Labels): NewMessage {
  return {
    id: createId(),
    place: "told",
    role: "system",
    content: message,
    text: `[Summary of ${message.messageCount} earlier messages]\n${message.text}`,
    labels: message.labels === undefined ? labels : parseLabels(message.labels),
    runId: run.id,
    source: "roost",
    throughTurn,
  };
}

/** What started the run, and its prompt. */
function askedMessages({ message, labels, brought }: Asked): NewMessage[] {
  return [
    ...(brought === undefined
      ? []
      : [{ id: createId(), place: "told" as const, role: "system" as const, content: brought, labels }]),
    { id: createId(), place: "asked", role: "user", content: message, labels },
  ];
}

/** The messages, ending in what the person reads when the model did not say it itself. */
function withText({ text, messages }: Reply): ContextMessage[] {
  const last = messages.findLast((message) => message.role === "assistant");
  if (text === "" || (last !== undefined && last.text.includes(text))) return [...messages];
  return [...messages, { role: "assistant", text, provider: "roost", model: "none" }];
}
