/** Records what a run was shown: transcript, cursor and heartbeat inputs move together with the step that used them. */
import { createId } from "@roost/base";
import { openLabels, parseLabels } from "@roost/contract/labels";
import type { KernelTransaction } from "@roost/kernel";
import { savePending } from "../heartbeat/heartbeat-row.ts";
import { addMessages, type NewMessage } from "../sessions/message.ts";
import { kindOfSession } from "../sessions/session.ts";
import type { BuiltContext } from "./build-context.ts";

/**
 * Records that a context was used: the digest and prompt go into the transcript, and the session's cursor moves past them. Commits with the outcome
 * of the context step, so that a retry after a crash shows the same again.
 *
 * A job's run beside a conversation takes nothing from it: what it was told the conversation is told as well, and its prompt enters with its answer.
 * A heartbeat's view counts only when it has ended well (rememberHeartbeat): what a failed one saw is shown again.
 */
export async function commitDigest(tx: KernelTransaction, built: BuiltContext): Promise<void> {
  const { run, digest } = built;
  if (run.sessionKey === null || !built.isRecorded) return;
  const kind = run.sessionKind ?? kindOfSession(run.sessionKey);
  if (kind === "heartbeat") {
    await savePending(tx, {
      sessionKey: run.sessionKey,
      runId: run.id,
      inputs: built.inputs ?? {},
      offsets: digest?.offsets ?? null,
    });
    return;
  }
  const source = run.jobId === null ? "roost" : `job:${run.jobId}`;
  const added: Omit<NewMessage, "turnSeq">[] = [
    ...(built.asked === undefined
      ? []
      : [
          {
            id: createId(),
            place: "asked" as const,
            role: "user" as const,
            content: built.asked,
            labels: parseLabels(built.asked.labels),
            runId: run.id,
            source,
          },
        ]),
    // The conversation continues from it; people see each message's time anyway.
    ...(kind === "main" || kind === "channel"
      ? [
          {
            id: createId(),
            place: "told" as const,
            role: "system" as const,
            content: built.moment,
            labels: openLabels,
            text: "",
            runId: run.id,
            source: "roost",
          },
        ]
      : []),
    ...built.told.map((content) => ({
      id: createId(),
      place: "told" as const,
      role: "system" as const,
      content,
      labels: parseLabels(content.labels),
      runId: run.id,
      source: "roost",
    })),
  ];
  await addMessages(
    tx,
    { key: run.sessionKey, kind, agent: run.agent ?? "main" },
    added.map((message) => ({ ...message, ...(built.turnSeq !== undefined && { turnSeq: built.turnSeq }) })),
    { digestOffsets: digest?.offsets },
  );
}
