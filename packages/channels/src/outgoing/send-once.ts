/**
 * Sends a message once by its key. The services have no keys of their own, so a row stands before the message is sent: one that was being sent when
 * the process died may stand in the chat, and is not sent again; the person is told so.
 */
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { raiseNotice } from "@roost/kernel";
import { SendFailed } from "../channel.ts";
import type { Room } from "../room.ts";

export type Sent = { state: "sent"; ref: string } | { state: "unknown" };

/** Sending is not ended by a shutdown: its outcome would be unknown. */
export const sendMsMax = 30_000;
const keptDays = 30;

/** @throws SendFailed when it was certainly not sent: it may be tried again under the same key */
export async function sendOnce(
  room: Room,
  { key, chat, what }: { key: string; chat: string; what: string },
  send: (signal: AbortSignal) => Promise<{ ref: string }>,
): Promise<Sent> {
  const { kernel, channel } = room;
  const { database } = kernel;
  const place = [channel.name, key];
  const [begun] = await database.query(
    "insert into channels.sent (channel, key, chat_id, state) values ($1, $2, $3, 'sending') on conflict do nothing returning 1",
    [...place, chat],
  );
  const notKnown = async (why: string): Promise<Sent> => {
    await kernel.transact(async (tx) => {
      const changed = await tx.query(
        "update channels.sent set state = 'unknown' where channel = $1 and key = $2 and state = 'sending' returning 1",
        place,
      );
      if (changed.length === 0) return;
      const text = `It is not known whether ${what} reached ${channel.name} (${why}): it is not sent again, look there`;
      raiseNotice(tx, {
        level: "warning",
        text: clipText(text, reasonCharsMax),
        source: "channels",
        target: "console",
      });
    });
    return { state: "unknown" };
  };
  if (begun === undefined) {
    const known = await findSent(room, key);
    if (known?.state === "sent") return { state: "sent", ref: known.ref! };
    return notKnown("Roost stopped while it was sent");
  }
  let sent: { ref: string };
  try {
    sent = await send(AbortSignal.timeout(sendMsMax));
  } catch (error) {
    if (!(error instanceof SendFailed) || error.isUnknown) return notKnown((error as Error).message);
    await database.query("delete from channels.sent where channel = $1 and key = $2 and state = 'sending'", place);
    throw error;
  }
  await database.query(
    "update channels.sent set state = 'sent', ref = $3, sent_at = roost.now() where channel = $1 and key = $2",
    [...place, sent.ref],
  );
  return { state: "sent", ref: sent.ref };
}

/** What was sent long ago is not asked for any more. */
export async function sweepSent({ kernel, channel }: Room): Promise<void> {
  await kernel.database.query(
    `delete from channels.sent where channel = $1 and sent_at < roost.now() - $2 * interval '1 day' and (closed_at is not null or key not like 'question:%')`,
    [channel.name, keptDays],
  );
  await kernel.database.query(
    "delete from channels.turn where channel = $1 and done_at < roost.now() - $2 * interval '1 day'",
    [channel.name, keptDays],
  );
}

/** What became of a message, by its key. Undefined: none was begun under it. */
export async function findSent(
  { kernel, channel }: Room,
  key: string,
): Promise<{ state: string; ref: string | null } | undefined> {
  const [row] = await kernel.database.query<{ state: string; ref: string | null }>(
    "select state, ref from channels.sent where channel = $1 and key = $2",
    [channel.name, key],
  );
  return row;
}

/** A channel's message by its reference: the key under which it was sent. */
export async function findSentKey(
  { kernel, channel }: Room,
  { chat, ref }: { chat: string; ref: string },
): Promise<string | undefined> {
  const [row] = await kernel.database.query<{ key: string }>(
    "select key from channels.sent where channel = $1 and chat_id = $2 and ref = $3",
    [channel.name, chat, ref],
    { name: "channels_sent_key" },
  );
  return row?.key;
}
