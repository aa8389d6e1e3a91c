/**
 * Puts open questions into the person's private chat, with a button for each answer, and takes the buttons away when they are answered, wherever that
 * was. It compares what is open with what was sent, so that no event can be missed.
 */
import { approvalShown } from "@roost/approvals";
import { visibleText } from "@roost/base";
import { describeApproval } from "@roost/contract/describe-approval";
import { listQuestions, type Question } from "@roost/kernel";
import type { NewChatMessage } from "../channel.ts";
import { findOwner } from "../peers/peers.ts";
import type { Room } from "../room.ts";
import { sendMsMax, sendOnce } from "./send-once.ts";

/** Shown at a time; the others follow as these are answered. */
const questionsMax = 50;
/** Beside the text of the question. */
const tailCharsMax = 300;

export const questionKey = (questionId: string) => `question:${questionId}`;

/** What a button sends: of at most 64 bytes, as Telegram's. */
export const pressOf = (questionId: string, choice: number) => `q:${questionId}:${choice}`;

export function readPress(press: string): { questionId: string; choice: number } | undefined {
  const match = /^q:([0-9a-f-]{36}):(\d{1,2})$/.exec(press);
  return match === null ? undefined : { questionId: match[1]!, choice: Number(match[2]) };
}

/** @throws SendFailed: what was not sent is sent by the next look */
export async function askQuestions(room: Room): Promise<void> {
  const { kernel, channel } = room;
  const owner = await findOwner(kernel, channel.name);
  if (owner === undefined) return;
  const all = await listQuestions(kernel, { states: ["open"], limit: questionsMax, isOldestFirst: true });
  // How an effect of unknown outcome ended is recorded with what was found out: roost run resolve.
  const open = all.filter(({ kind }) => kind !== "resolution");
  const sent = await readAsked(room, owner.id);
  for (const question of open) {
    if (sent.some(({ key }) => key === questionKey(question.id))) continue;
    const place = {
      key: questionKey(question.id),
      chat: owner.id,
      what: `the question "${question.prompt.slice(0, 100)}"`,
    };
    await sendOnce(room, place, (signal) => channel.send(owner.id, messageOf(room, question), signal));
  }
  const openKeys = new Set(open.map(({ id }) => questionKey(id)));
  for (const { key, chat, ref } of sent.filter((one) => !openKeys.has(one.key))) await close(room, { key, chat, ref });
}

interface Asked {
  key: string;
  chat: string;
  ref: string | null;
}

/** Those in the person's chat. What was asked in one that is theirs no more is asked again, and told there no more. */
async function readAsked({ kernel, channel }: Room, ownerId: string): Promise<Asked[]> {
  const asked = await kernel.database.query<Asked>(
    `select key, chat_id as chat, ref from channels.sent where channel = $1 and closed_at is null and key like 'question:%' order by sent_at limit 500`,
    [channel.name],
    { name: "channels_asked" },
  );
  if (asked.every(({ chat }) => chat === ownerId)) return asked;
  await kernel.database.query(
    "delete from channels.sent where channel = $1 and chat_id <> $2 and closed_at is null and key like 'question:%'",
    [channel.name, ownerId],
  );
  return asked.filter(({ chat }) => chat === ownerId);
}

async function close(room: Room, { key, chat, ref }: Asked): Promise<void> {
  const { kernel, channel } = room;
  const [question] = await listQuestions(kernel, { ids: [key.slice("question:".length)], limit: 1 });
  if (ref !== null) {
    const text = question === undefined ? "This question is gone." : outcomeOf(question);
    await channel.edit(chat, ref, { text }, AbortSignal.timeout(sendMsMax)).catch((error: unknown) => {
      // A message that was deleted has no buttons.
      if ((error as { code?: string }).code !== "not_found") throw error;
    });
  }
  await kernel.database.query("update channels.sent set closed_at = roost.now() where channel = $1 and key = $2", [
    channel.name,
    key,
  ]);
}

function outcomeOf({ prompt, state, answer, answeredBy }: Question): string {
  const said = typeof answer === "string" ? answer : JSON.stringify(answer);
  const how = state === "answered" ? `Answered: ${said} (${answeredBy})` : `No longer open: ${state}`;
  return `${prompt.slice(0, 1_000)}\n\n${how}`;
}

/** Exactly what is decided is shown; undefined: it is too long for the chat, and is not answered there. */
export function shownOf({ channel, memory }: Room, question: Question): string | undefined {
  const shown = question.kind === "approval" ? approvalShown(question.details) : undefined;
  const until = question.expiresAt?.getTime();
  const call =
    shown === undefined
      ? ""
      : `\n\n${shown.diff ?? `${shown.tool} ${JSON.stringify(shown.input, null, 2)}`}\n\n${describeApproval(shown, until === undefined ? undefined : memory.calendar.momentAt(until))}`;
  const text = visibleText(`${question.prompt}${call}`);
  const { textCharsMax, buttonsMax } = channel.limits;
  const isWhole = text.length <= textCharsMax - tailCharsMax && (question.choices ?? []).length <= buttonsMax;
  return isWhole ? text : undefined;
}

function messageOf(room: Room, question: Question): NewChatMessage {
  const text = shownOf(room, question);
  const choices = question.choices ?? [];
  if (text === undefined) {
    const { textCharsMax } = room.channel.limits;
    const beginning = question.prompt.slice(0, textCharsMax - 2 * tailCharsMax);
    return { text: `${beginning}\n\nIt is too long for this chat: answer it in the console, or with roost inbox` };
  }
  if (choices.length === 0) return { text: `${text}\n\nReply to this message to answer.` };
  const buttons = choices.map((choice, index) => ({ text: choice, press: pressOf(question.id, index) }));
  return { text, buttons };
}
