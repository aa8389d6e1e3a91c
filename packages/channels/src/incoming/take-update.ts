/**
 * The effect of one update, in one transaction with the channel's place: a message to a session and its run, an answer to a question, a chat that is
 * bound, or nothing. An update whose place another process has passed has no effect here.
 */
import { isPairingCode, redeemPairing } from "@roost/access";
import { listQuestions, listRuns, type KernelTransaction, type Question } from "@roost/kernel";
import { sendMessage } from "@roost/memory";
import type { IncomingMessage, Update } from "../channel.ts";
import { questionKey, shownOf } from "../outgoing/ask-questions.ts";
import { inboxEntriesMax, inboxText } from "../outgoing/inbox-text.ts";
import { entriesShownMax, isAnsweredHere, sendEntries } from "../outgoing/send-entries.ts";
import { findSent, findSentKey, sendOnce } from "../outgoing/send-once.ts";
import { sendText } from "../outgoing/send-text.ts";
import { bindOwner, moveGroup, noteRefused, noteSeen, readStandings, type Standing } from "../peers/peers.ts";
import { channelsWakeup, type Inbox, type Room } from "../room.ts";
import { keepFiles, readBytesLeft } from "./keep-files.ts";
import { movePlace, type Moving, type Taking } from "./move-place.ts";
import { answerHere, byOf, takePress } from "./take-press.ts";

/** Updates that belong together: an album is one message. */
export type Taken = { update: Update; album: IncomingMessage[] };

const told = {
  bound: "This chat is yours now: what you write here goes to your agent, and what it asks comes here.",
  hello: "Write what you want; forward or attach what it should look at. /inbox lists what waits for you.",
  refused: "This is a private assistant. Its owner has to allow you by name before it answers.",
  wrongCode: "This code is not known, was used, or is older than five minutes: make another with roost channels pair",
  full: "There is no answer to your last messages yet: wait for it, this one was not read",
} as const;

/** Returns the place after it. @throws RoostError `conflict` when another process has passed it; anything else may be tried again */
export async function takeUpdate(room: Room, { update, album }: Taken, taking: Taking): Promise<string> {
  const place = album.at(-1)?.place ?? update.place;
  const moved = { ...taking, to: place };
  if (update.kind === "message") await takeMessage(room, { update, album }, moved);
  else if (update.kind === "press") await takePress(room, update, moved);
  else if (update.kind === "moved")
    await room.kernel.transact(async (tx) => {
      await movePlace(room, tx, moved);
      await moveGroup(tx, room.channel.name, update);
    });
  else await room.kernel.transact((tx) => movePlace(room, tx, moved));
  return place;
}

/** Passes over an update that cannot take effect, in one transaction with what tells of it. */
export async function passOver(
  room: Room,
  { update, album }: Taken,
  { from, tell }: { from: string | null; tell: (tx: KernelTransaction) => void },
): Promise<string> {
  const to = album.at(-1)?.place ?? update.place;
  await room.kernel.transact(async (tx) => {
    await movePlace(room, tx, { from, to });
    tell(tx);
  });
  return to;
}

async function takeMessage(
  room: Room,
  { update: message, album }: Taken & { update: IncomingMessage },
  moving: Moving,
) {
  const { kernel, channel } = room;
  const { chat, sender } = message;
  const moveOnly = () => kernel.transact((tx) => movePlace(room, tx, moving));
  // What is said in a group is not for Roost unless it names it.
  if (!message.isForMe) return moveOnly();
  const standings = await readStandings(kernel, channel.name, [chat.id, ...(sender === null ? [] : [sender.id])]);
  const standing = standingOf(message, standings);
  if (standing === undefined) return refuse(room, message, moving);
  const isPrivate = chat.kind === "private";
  if (isPrivate && /^\/(?:start|help)\b/.test(message.text)) {
    await moveOnly();
    return say(room, chat.id, { key: `hello:${moving.to}`, text: told.hello });
  }
  const isOwner = isPrivate && standing === "owner";
  if (isOwner && /^\/inbox\b/.test(message.text)) {
    // Each of its messages goes once: where the channel takes no more for now, the rest follows when this is taken again.
    await sendInbox(room, await room.readInbox(inboxEntriesMax), { chat: chat.id, place: moving.to });
    return moveOnly();
  }
  const waiting = isOwner ? undefined : await findWaiting(room, chat.id);
  if (waiting !== undefined) {
    await moveOnly();
    return say(room, chat.id, { key: `full:${waiting}`, text: told.full });
  }
  if (isOwner && (await takeReply(room, message, moving))) return;
  const messages = [message, ...album.filter((one) => one !== message)];
  const bytesMax = isOwner ? Number.POSITIVE_INFINITY : await readBytesLeft(room, chat.id);
  const { parts, lost, byteCount } = await keepFiles(room, messages, { bytesMax, signal: moving.signal });
  const said = [message, ...album].find(({ text }) => text !== "")?.text ?? "";
  const from = chat.kind === "group" ? `${sender?.title ?? sender?.name ?? "someone"}: ` : "";
  await sendMessage(
    room.memory,
    {
      sessionKey: isOwner ? "main" : `channel:${channel.name}/${chat.id}`,
      text: [`${from}${said}`, ...lost].filter((line) => line !== "").join("\n"),
      parts,
      source: channel.name,
      isUntrusted: messages.some(({ isForwarded }) => isForwarded),
      origin: "channel",
    },
    {
      async alongside(tx, { runId }) {
        await movePlace(room, tx, moving);
        await noteSeen(tx, channel.name, sender ?? chat);
        await tx.query(
          `insert into channels.turn (run_id, channel, chat_id, is_group, sender_id, file_bytes, is_owner, reply_to)
           values ($1, $2, $3, $4, $5, $6, $7, $8)`,
          [runId, channel.name, chat.id, !isPrivate, sender?.id ?? null, byteCount, isOwner, message.ref],
        );
        tx.wake(channelsWakeup);
      },
    },
  );
}

/** The list, and behind it what is answered by buttons of its own. Questions stand in the chat already. */
async function sendInbox(room: Room, inbox: Inbox, { chat, place }: { chat: string; place: string }): Promise<void> {
  const entries = inbox.items.filter(isAnsweredHere).slice(0, entriesShownMax);
  await sendText(room, { key: `inbox:${place}`, chat, what: "the inbox", text: inboxText(inbox) });
  await sendEntries(room, { chat, place, entries });
}

/** Answers that a guest, or a group, may wait for. */
const guestTurnsMax = 10;

/** The oldest turn of a chat that has as many as it may. */
async function findWaiting({ kernel, channel }: Room, chat: string): Promise<string | undefined> {
  const open = await kernel.database.query<{ runId: string }>(
    `select run_id as "runId" from channels.turn where channel = $1 and chat_id = $2 and done_at is null order by created_at limit $3`,
    [channel.name, chat, guestTurnsMax],
    { name: "channels_open_turns_of_chat" },
  );
  return open.length < guestTurnsMax ? undefined : open[0]!.runId;
}

/** In a group the sender counts, or else the group itself; undefined: not allowed. */
function standingOf({ chat, sender }: IncomingMessage, standings: ReadonlyMap<string, Standing>): Standing | undefined {
  const known = [sender?.id, chat.id].map((id) => (id === undefined ? undefined : standings.get(id)));
  return known.find((standing) => standing !== undefined && standing !== "refused");
}

/** Binds a private chat that brings the code, and drops everything else. */
async function refuse(room: Room, message: IncomingMessage, moving: Moving): Promise<void> {
  const { kernel, channel } = room;
  const { chat, sender } = message;
  const code = message.text.replace(/^\/(?:start|pair)(?:@\w+)?\s*/, "").trim();
  const isCode = chat.kind === "private" && !message.isForwarded && isPairingCode(code);
  const outcome = await kernel.transact(async (tx) => {
    await movePlace(room, tx, moving);
    const pairing = isCode ? await redeemPairing(tx, { purpose: `channel:${channel.name}`, code }) : undefined;
    if (pairing !== undefined) {
      await bindOwner(tx, channel.name, { chat, by: pairing.createdBy });
      tx.wake(channelsWakeup);
      return "bound";
    }
    const isGroup = chat.kind === "group";
    const count = await noteRefused(tx, channel.name, { peer: chat, kind: isGroup ? "group" : "user" });
    if (isGroup && sender !== null) await noteRefused(tx, channel.name, { peer: sender, kind: "user" });
    return isCode ? "wrongCode" : count === 1 ? "refused" : "dropped";
  });
  // Told once: the chat of a stranger is not to be filled.
  if (outcome !== "dropped") await say(room, chat.id, { key: `${outcome}:${moving.to}`, text: told[outcome] });
}

/** The person answers a question by a reply to it, or by what they say next where their conversation waits for it. */
async function takeReply(room: Room, message: IncomingMessage, moving: Moving): Promise<boolean> {
  const { channel } = room;
  const { replyTo, text, isForwarded } = message;
  if (isForwarded || text === "") return false;
  const question = replyTo === null ? await findAwaited(room) : await findReplied(room, message);
  if (question === undefined || question.state !== "open") return false;
  // An approval needs the full text in sight.
  if (shownOf(room, question) === undefined) return false;
  const answer =
    question.choices === null
      ? text
      : question.choices.find((choice) => choice.toLowerCase() === text.trim().toLowerCase());
  if (answer === undefined) return false;
  return answerHere(room, { questionId: question.id, answer, by: byOf(channel.name) }, moving);
}

async function findReplied(room: Room, { chat, replyTo }: IncomingMessage): Promise<Question | undefined> {
  const key = replyTo === null ? undefined : await findSentKey(room, { chat: chat.id, ref: replyTo });
  const questionId = key?.startsWith("question:") === true ? key.slice("question:".length) : undefined;
  const [question] = questionId === undefined ? [] : await listQuestions(room.kernel, { ids: [questionId], limit: 1 });
  return question;
}

/**
 * What the last turn of the conversation asks, and the chat shows: what is said next is the answer, as between people. Once the conversation has gone
 * on, and for an approval, it takes the button or a reply.
 */
async function findAwaited(room: Room): Promise<Question | undefined> {
  const { kernel } = room;
  const turns = await listRuns(kernel, { sessionKey: "main", limit: turnsLookedAt });
  const last = turns.find(({ jobId }) => jobId === null);
  if (last?.waitingFor !== "person") return undefined;
  const open = await listQuestions(kernel, { runId: last.id, states: ["open"], limit: 1 });
  const question = open.find(({ kind }) => kind === "question");
  if (question === undefined) return undefined;
  return (await findSent(room, questionKey(question.id)))?.state === "sent" ? question : undefined;
}

/** Runs of jobs stand between. */
const turnsLookedAt = 20;

/** Best effort: it is sent after the effect. */
async function say(room: Room, chat: string, { key, text }: { key: string; text: string }): Promise<void> {
  const { channel, kernel } = room;
  await sendOnce(room, { key, chat, what: "a short reply" }, (signal) => channel.send(chat, { text }, signal)).catch(
    (error: unknown) => kernel.logger.warn("a short reply was not sent", { channel: channel.name, error }),
  );
}
