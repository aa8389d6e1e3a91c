import { RoostError } from "@roost/base";
import { sendText } from "./outgoing/send-text.ts";
import { findOwner } from "./peers/peers.ts";
import type { Room } from "./room.ts";

/**
 * Sends a text to the person's chat, once by its key.
 * @throws RoostError `unavailable` while no chat is bound; SendFailed when it was certainly not sent
 */
export async function deliverToOwner(room: Room, { key, text }: { key: string; text: string }): Promise<void> {
  const { name } = room.channel;
  const owner = await findOwner(room.kernel, name);
  if (owner === undefined)
    throw new RoostError("unavailable", `no chat of ${name} is yours yet: roost channels pair ${name}`);
  await sendText(room, { key: `notice:${key}`, chat: owner.id, what: "a notice", text });
}
