import { createId } from "@roost/base";
import type { KernelTransaction } from "@roost/kernel";
import { savePending } from "../heartbeat/heartbeat-row.ts";
import { insertMessages, type NewMessage } from "../sessions/message.ts";
import { kindOfSession, lockSession } from "../sessions/session.ts";
import type { BuiltContext } from "./build-context.ts";

/**
 * Records that a context was used: what was told and asked goes into the transcript, and the session's cursor moves past it. Goes with
 * the outcome of the context's step, so that either both are there or a repetition shows the same again.
 *
 * What a heartbeat was shown counts only when it has ended well (rememberHeartbeat): what a failed one saw is seen again.
 */
export async function commitDigest(tx: KernelTransaction, built: BuiltContext): Promise<void> {
  const { run, digest } = built;
  if (run.sessionKey === null) return;
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
  const session = await lockSession(tx, { key: run.sessionKey, kind, agent: run.agent ?? "main" });
  const turnSeq = built.turnSeq ?? session.nextSeq;
  const told = built.told.map((content): NewMessage => ({
    id: createId(),
    turnSeq,
    place: "told",
    role: "system",
    content,
    runId: run.id,
    source: "roost",
  }));
  const source = run.jobId === null ? "roost" : `job:${run.jobId}`;
  const asked: NewMessage[] =
    built.asked === undefined
      ? []
      : [{ id: createId(), turnSeq, place: "asked", role: "user", content: built.asked, runId: run.id, source }];
  await insertMessages(tx, session, [...asked, ...told]);
  if (digest !== undefined) {
    await tx.query("update memory.session set digest_offsets = $2, digest_at = roost.now() where key = $1", [
      session.key,
      digest.offsets,
    ]);
  }
}
