/** Appends an answer to the transcript, in the transaction that ends its run. */
import { createId } from "@roost/base";
import { formatLabels, parseLabels, type Labels } from "@roost/contract/labels";
import type { KernelTransaction, Run } from "@roost/kernel";
import { addMessages, cleanText, messageLimits, type ContextMessage, type NewMessage } from "./message.ts";
import { kindOfSession } from "./session.ts";

export interface Reply {
  run: Pick<Run, "id" | "agent" | "sessionKey" | "sessionKind" | "correlation" | "causeId" | "labels">;
  /** Labels of the run at its end. Default: those at its claim. */
  labels?: Labels;
  /** What the person reads; empty: nothing is said. */
  text: string;
  /** Messages that the run added, tool calls and results included. */
  messages: readonly ContextMessage[];
  isRehearsed?: boolean;
  /** After a compaction: the conversation as the model last saw it. Later turns continue from it. */
  compactedTranscript?: readonly ContextMessage[] | undefined;
}

/** Appends an answer to the transcript, in the transaction that ends its run, and emits message.sent. */
export async function appendReply(tx: KernelTransaction, reply: Reply): Promise<void> {
  const { run, text } = reply;
  if (run.sessionKey === null) return;
  const contents = withText(reply);
  const kind = run.sessionKind ?? kindOfSession(run.sessionKey);
  const labels = reply.labels ?? (await tx.readLabels(run.labels));
  const messages = contents.map((content): NewMessage => ({
    id: createId(),
    place: "answered",
    role: content.role === "summary" ? "system" : content.role,
    content,
    // A tool's result has its own labels; a model's text has those of all it was shown.
    labels: content.labels === undefined ? labels : parseLabels(content.labels),
    runId: run.id,
    isRehearsed: reply.isRehearsed === true,
  }));
  const last = messages.findLast((message) => message.role === "assistant");
  if (last !== undefined) last.text = text;
  // A run without a message is a turn of its own.
  const session = await addMessages(tx, { key: run.sessionKey, kind, agent: run.agent ?? "main" }, messages, {
    runId: run.id,
  });
  if (reply.compactedTranscript !== undefined) {
    await tx.query(
      "update memory.session set compacted = $2, compacted_turn = $3, compacted_labels = $4 where key = $1 and coalesce(compacted_turn, 0) < $3",
      [session.key, JSON.stringify(reply.compactedTranscript), session.turnSeq, await tx.labelSet(labels)],
    );
  }
  if (text === "" || last === undefined) return;
  tx.emit({
    type: "message.sent",
    subject: session.key,
    labels: formatLabels(labels),
    data: {
      sessionKey: session.key,
      sessionKind: session.kind,
      messageId: last.id,
      seq: session.firstSeq + messages.indexOf(last),
      runId: run.id,
      text: cleanText(text, messageLimits.textCharsMax),
      ...(reply.isRehearsed === true && { isRehearsed: true }),
    },
    correlation: run.correlation,
    causation: run.causeId,
  });
}

/** The messages, ending in what the person reads when the model did not say it itself. */
function withText({ text, messages }: Reply): ContextMessage[] {
  const last = messages.findLast((message) => message.role === "assistant");
  if (text === "" || (last !== undefined && last.text.includes(text))) return [...messages];
  return [...messages, { role: "assistant", text, provider: "roost", model: "none" }];
}
