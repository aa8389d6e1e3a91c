/** What a press of a button does: an answer to a question or to an entry of the inbox, from the bound chat alone. */
import { answerQuestion } from "@roost/approvals";
import { toRoostError } from "@roost/base";
import { doesAsNow } from "@roost/jobs";
import { listQuestions, type KernelTransaction } from "@roost/kernel";
import type { Press } from "../channel.ts";
import { questionKey, readPress } from "../outgoing/ask-questions.ts";
import { answerEntry, closeEntry } from "../outgoing/send-entries.ts";
import { findSentKey, sendMsMax } from "../outgoing/send-once.ts";
import { findOwner } from "../peers/peers.ts";
import { channelsWakeup, type Room } from "../room.ts";
import { movePlace, type Moving } from "./move-place.ts";

const told = {
  stale: "This button is of an old message: what it asks is not open any more",
  notYours: "Only the person whose chat is bound decides here",
  taken: "Recorded",
  failed: "That did not work: send /inbox again",
} as const;

export async function takePress(room: Room, press: Press, moving: Moving): Promise<void> {
  const { kernel, channel } = room;
  const owner = await findOwner(kernel, channel.name);
  const answerPress = (text: string) =>
    channel.answerPress(press.pressId, text, AbortSignal.timeout(sendMsMax)).catch((error: unknown) => {
      kernel.logger.warn("the press of a button was not answered", { channel: channel.name, error });
    });
  if (owner?.id !== press.chat.id || owner.id !== press.sender.id) {
    await kernel.transact((tx) => movePlace(room, tx, moving));
    return answerPress(told.notYours);
  }
  const given = readPress(press.press);
  const key = press.ref === null ? undefined : await findSentKey(room, { chat: press.chat.id, ref: press.ref });
  if (key?.startsWith("entry:") === true) return answerPress(await takeEntry(room, { ...press, key }, moving));
  const [question] =
    given !== undefined && key === questionKey(given.questionId)
      ? await listQuestions(kernel, { ids: [given.questionId], limit: 1 })
      : [];
  const answer = given === undefined ? undefined : question?.choices?.[given.choice];
  const isTaken =
    question?.state === "open" &&
    answer !== undefined &&
    (await answerHere(room, { questionId: question.id, answer, by: byOf(channel.name) }, moving));
  if (!isTaken) await kernel.transact((tx) => movePlace(room, tx, moving));
  await answerPress(isTaken ? `${told.taken}: ${answer}` : told.stale);
}

/** What is shown to who pressed: they know by it whether it took effect, and may press again. */
async function takeEntry(
  room: Room,
  { chat, ref, press, key }: Press & { key: string },
  moving: Moving,
): Promise<string> {
  const { kernel, channel } = room;
  const alongside = (tx: KernelTransaction) => movePlace(room, tx, moving);
  try {
    const answered = await answerEntry(room, { key, press, by: byOf(channel.name), alongside });
    if (answered !== undefined) {
      // It is answered, whether or not the chat shows that.
      if (ref !== null)
        await closeEntry(room, { chat: chat.id, ref }, answered).catch((error: unknown) =>
          kernel.logger.warn("the buttons of an answered entry stay", { channel: channel.name, error }),
        );
      return `${told.taken}: ${answered.text}`;
    }
  } catch (thrown) {
    const error = toRoostError(thrown);
    // It says nothing of the entry: the press is taken again.
    if (error.retryable) throw error;
    kernel.logger.warn("an entry of the inbox was not answered", { channel: channel.name, error });
    // Where another process has taken the press, this says so.
    await kernel.transact(alongside);
    return error.code === "conflict" || error.code === "not_found" ? told.stale : told.failed;
  }
  await kernel.transact(alongside);
  return told.stale;
}

export const byOf = (channel: string) => `person:owner/${channel}`;

/** False: it is not open any more, and the place has not moved. */
export async function answerHere(
  room: Room,
  answer: { questionId: string; answer: string; by: string },
  moving: Moving,
): Promise<boolean> {
  let isMoved = false;
  const alongside = async (tx: KernelTransaction) => {
    await movePlace(room, tx, moving);
    tx.wake(channelsWakeup);
    isMoved = true;
  };
  try {
    await answerQuestion(room.kernel, answer, { alongside, doesAsNow });
    return isMoved;
  } catch (error) {
    if (isMoved || toRoostError(error).code !== "conflict") throw error;
    // The place may be the one that another process has moved: that is told by moving it alone.
    return false;
  }
}
