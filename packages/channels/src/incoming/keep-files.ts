/** Files that came with a message: kept as parts from outside, within what a guest may send. */
import { toRoostError } from "@roost/base";
import { untrustedFrom } from "@roost/contract/labels";
import type { PartRef } from "@roost/contract/operations";
import { formatBytes, partLimits } from "@roost/contract/part";
import { keepPart } from "@roost/memory";
import type { IncomingFile, IncomingMessage } from "../channel.ts";
import type { Room } from "../room.ts";

/** Files that a guest, or a group, may send within a day. */
const guestBytesMax = 100_000_000;

/** What a chat may still send. */
export async function readBytesLeft({ kernel, channel }: Room, chat: string): Promise<number> {
  const [sent] = await kernel.database.query<{ byteCount: number }>(
    `select coalesce(sum(file_bytes), 0)::float8 as "byteCount" from channels.turn
     where channel = $1 and chat_id = $2 and file_bytes > 0 and created_at > roost.now() - interval '1 day'`,
    [channel.name, chat],
    { name: "channels_file_bytes_of_chat" },
  );
  return Math.max(0, guestBytesMax - (sent?.byteCount ?? 0));
}

/** The bytes are kept before the transaction that names them. What cannot be had is told in the message. */
export async function keepFiles(
  room: Room,
  messages: readonly IncomingMessage[],
  { bytesMax, signal }: { bytesMax: number; signal: AbortSignal },
): Promise<{ parts: PartRef[]; lost: string[]; byteCount: number }> {
  const { channel, memory } = room;
  const parts: PartRef[] = [];
  const lost: string[] = [];
  let byteCount = 0;
  const files = messages.flatMap((message) => message.files);
  for (const file of files.slice(0, partLimits.perMessageMax)) {
    const bytes = await readFile(room, file, { bytesMax: bytesMax - byteCount, signal });
    if (typeof bytes === "string") {
      lost.push(bytes);
      continue;
    }
    byteCount += bytes.byteLength;
    const labels = untrustedFrom("channel", channel.name);
    const { name, mediaType } = file;
    const { sha256 } = await keepPart(memory, { content: bytes, name, mediaType, labels });
    parts.push({ sha256: sha256!, name });
  }
  if (files.length > partLimits.perMessageMax)
    lost.push(`(${files.length - partLimits.perMessageMax} more files were left out)`);
  return { parts, lost, byteCount };
}

/** Its bytes, or why it is not taken. */
async function readFile(
  { channel }: Room,
  file: IncomingFile,
  { bytesMax, signal }: { bytesMax: number; signal: AbortSignal },
) {
  const size = file.bytes === null ? "" : ` of ${formatBytes(file.bytes)}`;
  const because = (why: string) => `(the file ${file.name}${size} could not be fetched: ${why})`;
  if ((file.bytes ?? 0) > channel.limits.fileBytesMax)
    return because(`more than ${formatBytes(channel.limits.fileBytesMax)}`);
  const isTooMuch = `this chat may send ${formatBytes(guestBytesMax)} a day`;
  if ((file.bytes ?? 1) > bytesMax) return because(isTooMuch);
  try {
    const bytes = await channel.readFile(file.fileId, signal);
    return bytes.byteLength > bytesMax ? because(isTooMuch) : bytes;
  } catch (error) {
    const { code, retryable, message } = toRoostError(error);
    if (retryable) throw error;
    return because(code === "internal" ? "unknown" : message);
  }
}
