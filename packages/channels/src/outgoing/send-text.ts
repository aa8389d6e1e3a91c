/** Sends a text in as many messages as it needs, each once by its key; a long one as a file, after its beginning. */
import type { Room } from "../room.ts";
import { sendOnce, type Sent } from "./send-once.ts";

export interface OutgoingText {
  key: string;
  chat: string;
  /** For the person, when it is not known whether it arrived: "the answer". */
  what: string;
  text: string;
  replyTo?: string | undefined;
  /** What the messages after the first answer: in a group with topics they stay in theirs by that. */
  restReplyTo?: string | undefined;
}

/** Texts of more messages than that come as a file. */
const messagesMax = 4;

/** The state of the first message. @throws SendFailed as sendOnce */
export async function sendText(room: Room, outgoing: OutgoingText): Promise<Sent> {
  const { channel } = room;
  const { key, chat, what, replyTo } = outgoing;
  const [first = "", ...others] = piecesOf(outgoing.text, channel.limits.textCharsMax);
  const sent = await sendOnce(room, { key, chat, what }, (signal) =>
    channel.send(chat, { text: first, replyTo }, signal),
  );
  await sendRest(room, outgoing, others);
  return sent;
}

/** What follows the first message. */
export async function sendRest(
  room: Room,
  { key, chat, what, text, restReplyTo: replyTo }: OutgoingText,
  others: readonly string[],
): Promise<void> {
  const { channel } = room;
  if (others.length >= messagesMax) {
    const file = { bytes: Buffer.from(text), name: "answer.md", mediaType: "text/markdown", replyTo };
    await sendOnce(room, { key: `${key}:file`, chat, what }, (signal) => channel.sendFile(chat, file, signal));
    return;
  }
  for (const [index, piece] of others.entries())
    await sendOnce(room, { key: `${key}:${index + 1}`, chat, what }, (signal) =>
      channel.send(chat, { text: piece, replyTo }, signal),
    );
}

/** Cut between lines or words where there are some, never within a character. */
export function piecesOf(text: string, charsMax: number): string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > charsMax) {
    const window = rest.slice(0, charsMax);
    const cut = [window.lastIndexOf("\n\n"), window.lastIndexOf("\n"), window.lastIndexOf(" ")].find(
      (place) => place > charsMax / 2,
    );
    let end = cut ?? charsMax;
    if (cut === undefined && /[\uD800-\uDBFF]/.test(rest[end - 1]!)) end -= 1;
    pieces.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...pieces, rest];
}
