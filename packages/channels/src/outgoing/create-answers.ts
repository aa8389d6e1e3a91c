/**
 * Brings answers of runs into the chats that asked. While a run writes, its text is shown by edits of one message, at a limited rate; when it has
 * ended, the message becomes the answer. Turns that are open are rows: another process goes on where this one stopped.
 */
import { backoffMs, sleepUntilAborted, type JsonValue } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { getRun, raiseNotice, watchStream, type Run } from "@roost/kernel";
import { readPart } from "@roost/memory";
import { SendFailed } from "../channel.ts";
import type { Room } from "../room.ts";
import { findSent, sendMsMax, sendOnce } from "./send-once.ts";
import { piecesOf, sendRest, sendText } from "./send-text.ts";

interface Turn {
  runId: string;
  chat: string;
  isGroup: boolean;
  isOwner: boolean;
  replyTo: string;
  /** Whether its chat is still the person's or a guest's; in a group, that of who asked, or the group's. */
  isAllowed: boolean;
}

interface Preview {
  stop: () => void;
  stopped: Promise<void>;
}

export interface Answers {
  /** Begins what is new and ends what has ended. When something failed for the moment: when to look again. */
  look(): Promise<{ atMs: number | undefined }>;
  close(): Promise<void>;
}

const turnsMax = 100;
const failureBackoff = { firstMs: 2_000, maxMs: 5 * 60_000 };
/** An answer that cannot be sent for so long is given up; it stands in the transcript. */
const attemptsMax = 300;
const previewCharsMin = 20;
const partsMax = 10;

export function createAnswers(room: Room, { signal }: { signal: AbortSignal }): Answers {
  const { kernel, channel } = room;
  const previews = new Map<string, Preview>();
  const failed = new Map<string, { count: number; untilMs: number }>();

  const beginPreview = (turn: Turn) => {
    if (previews.has(turn.runId)) return;
    const ended = new AbortController();
    const stopped = showProgress(room, turn, AbortSignal.any([signal, ended.signal])).catch((error: unknown) => {
      if (!signal.aborted && !ended.signal.aborted)
        kernel.logger.warn("the progress of a run is not shown", { channel: channel.name, runId: turn.runId, error });
    });
    previews.set(turn.runId, { stop: () => ended.abort(), stopped });
  };
  const endPreview = async (runId: string) => {
    const preview = previews.get(runId);
    preview?.stop();
    await preview?.stopped;
    previews.delete(runId);
  };
  const settle = async (turn: Turn, run: Run) => {
    const before = failed.get(turn.runId);
    if (before !== undefined && before.untilMs > kernel.clock.nowMs()) return;
    await endPreview(turn.runId);
    try {
      await sendAnswer(room, turn, run);
      await endTurn(room, turn, undefined);
      failed.delete(turn.runId);
    } catch (error) {
      if (signal.aborted) return;
      const count = (before?.count ?? 0) + 1;
      const { code, retryAfterMs, message } =
        error instanceof SendFailed ? error : { code: "internal", message: String(error) };
      const isFinal = code === "forbidden" || code === "invalid_input" || count >= attemptsMax;
      kernel.logger.warn("an answer could not be sent", { channel: channel.name, runId: turn.runId, count, error });
      if (isFinal) await endTurn(room, turn, message);
      const waitMs = retryAfterMs ?? backoffMs(count, failureBackoff);
      if (isFinal) failed.delete(turn.runId);
      else failed.set(turn.runId, { count, untilMs: kernel.clock.nowMs() + waitMs });
    }
  };
  return {
    async look() {
      const turns = await readOpenTurns(room);
      for (const turn of turns) {
        if (!turn.isAllowed) {
          await endPreview(turn.runId);
          await endTurn(room, turn, undefined);
          continue;
        }
        const run = await getRun(kernel.database, turn.runId).catch(() => undefined);
        // A run that is gone left its text in the transcript.
        if (run === undefined) await endTurn(room, turn, undefined);
        else if (run.endedAt !== null) await settle(turn, run);
        else beginPreview(turn);
      }
      const times = [...failed.values()].map(({ untilMs }) => untilMs);
      return { atMs: times.length === 0 ? undefined : Math.min(...times) };
    },
    async close() {
      await Promise.all([...previews.keys()].map(endPreview));
    },
  };
}

async function readOpenTurns({ kernel, channel }: Room): Promise<Turn[]> {
  return kernel.database.query<Turn>(
    `select run_id as "runId", chat_id as chat, is_group as "isGroup", is_owner as "isOwner", reply_to as "replyTo", exists (
       select 1 from channels.peer p where p.channel = t.channel and (p.id = t.chat_id or (t.is_group and p.id = t.sender_id))
         and (p.standing = 'owner' or (p.standing = 'guest' and not t.is_owner))) as "isAllowed"
     from channels.turn t where channel = $1 and done_at is null order by is_owner desc, created_at limit $2`,
    [channel.name, turnsMax],
    { name: "channels_open_turns" },
  );
}

async function endTurn({ kernel, channel }: Room, { runId }: Turn, problem: string | undefined): Promise<void> {
  await kernel.transact(async (tx) => {
    const ended = await tx.query(
      "update channels.turn set done_at = roost.now() where run_id = $1 and done_at is null returning 1",
      [runId],
    );
    if (ended.length === 0 || problem === undefined) return;
    const text = clipText(
      `An answer could not be sent to ${channel.name}: ${problem}. See roost run show ${runId}`,
      reasonCharsMax,
    );
    raiseNotice(tx, { level: "warning", text, source: "channels", runId, target: "console" });
  });
}

const previewKey = (runId: string) => `progress:${runId}`;

/** Shows what the model writes until it is stopped. Lossy: the answer replaces it. */
async function showProgress(room: Room, turn: Turn, signal: AbortSignal): Promise<void> {
  const { kernel, channel } = room;
  const { chat, runId, replyTo } = turn;
  const everyMs = channel.limits.editEveryMs[turn.isGroup ? "group" : "private"];
  const known = await findSent(room, previewKey(runId));
  if (known?.state === "unknown") return;
  let ref = known?.ref ?? undefined;
  let text = "";
  let shown = "";
  let waitMs = everyMs;
  const reading = (async () => {
    for await (const { type, text: more } of watchStream(kernel, runId, { signal }))
      if (type === "text" && typeof more === "string") text += more;
  })();
  while (await sleepUntilAborted(waitMs, { signal })) {
    waitMs = everyMs;
    if (text === shown || text.length < previewCharsMin) continue;
    const written = { text: `${text.slice(-(channel.limits.textCharsMax - 2))} …`, replyTo };
    shown = text;
    try {
      if (ref === undefined) {
        const place = { key: previewKey(runId), chat, what: "the beginning of an answer" };
        const sent = await sendOnce(room, place, (within) => channel.send(chat, written, within));
        if (sent.state === "unknown") break;
        ref = sent.ref;
      } else await channel.edit(chat, ref, written, signal);
    } catch (error) {
      if (!(error instanceof SendFailed)) throw error;
      // The next edit may succeed: only the answer counts.
      waitMs = Math.max(everyMs, error.retryAfterMs ?? 0);
    }
  }
  await reading.catch(() => undefined);
}

async function sendAnswer(room: Room, turn: Turn, run: Run): Promise<void> {
  const { channel } = room;
  const { chat, runId, replyTo, isGroup } = turn;
  const text = answerOf(run, turn);
  const what = "an answer";
  const restReplyTo = isGroup ? replyTo : undefined;
  const outgoing = { key: `answer:${runId}`, chat, what, text, replyTo, restReplyTo };
  const begun = await findSent(room, previewKey(runId));
  if (text !== "") {
    if (begun?.ref == null) await sendText(room, outgoing);
    else await editToAnswer(room, outgoing, begun.ref);
  }
  for (const [index, part] of partsOf(run).entries()) {
    const stored = await readPart(room.memory, part.sha256);
    if (stored === undefined || stored.bytes.byteLength > channel.limits.fileBytesMax) continue;
    const name = part.name ?? stored.name ?? "file";
    const { bytes, mediaType } = stored;
    const file = { bytes, name, mediaType, replyTo: restReplyTo };
    await sendOnce(room, { key: `answer:${runId}:part:${index}`, chat, what }, (signal) =>
      channel.sendFile(chat, file, signal),
    );
  }
}

/** The message that showed the progress becomes the answer; one that was deleted meanwhile is sent anew. */
async function editToAnswer(room: Room, outgoing: Parameters<typeof sendText>[1], ref: string): Promise<void> {
  const { channel } = room;
  const [first = "", ...others] = piecesOf(outgoing.text, channel.limits.textCharsMax);
  try {
    await channel.edit(outgoing.chat, ref, { text: first }, AbortSignal.timeout(sendMsMax));
  } catch (error) {
    if (!(error instanceof SendFailed) || error.code !== "not_found") throw error;
    await sendText(room, outgoing);
    return;
  }
  await sendRest(room, outgoing, others);
}

/** What the chat is told. Why a run failed is the person's to know. */
function answerOf(run: Run, { isOwner }: Turn): string {
  const output = (run.output ?? {}) as Record<string, JsonValue>;
  const text = output["text"];
  if (run.state === "done" && typeof text === "string" && text.trim() !== "") return text;
  const parts = partsOf(run);
  if (run.state === "done" && parts.length > 0) return "";
  if (!isOwner) return "(there is no answer this time)";
  if (run.state === "cancelled") return "(stopped)";
  const remark = output["remark"];
  const why = run.error?.message ?? (typeof remark === "string" ? remark : `the run is ${run.state}`);
  return `(no answer: ${clipText(why, reasonCharsMax)})`;
}

function partsOf(run: Run): { sha256: string; name?: string | undefined }[] {
  const { parts } = (run.output ?? {}) as { parts?: JsonValue | undefined };
  if (!Array.isArray(parts)) return [];
  return parts
    .flatMap((part) => {
      const { sha256, name } = part as { sha256?: JsonValue; name?: JsonValue };
      return typeof sha256 === "string" ? { sha256, name: typeof name === "string" ? name : undefined } : [];
    })
    .slice(0, partsMax);
}
