/** Reads updates of the Bot API (https://core.telegram.org/bots/api#update). What Roost has no use for is `other`, never an error. */
import { z } from "zod";
import type { Account, IncomingFile, IncomingMessage, Peer, Update } from "../channel.ts";

const User = z.object({
  id: z.number(),
  is_bot: z.boolean().optional(),
  first_name: z.string().optional(),
  last_name: z.string().optional(),
  username: z.string().optional(),
});
const Chat = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string().optional(),
  username: z.string().optional(),
  first_name: z.string().optional(),
  last_name: z.string().optional(),
});
const Entity = z.object({
  type: z.string(),
  offset: z.number(),
  length: z.number(),
  user: User.optional(),
  url: z.string().optional(),
});
const File = z.object({
  file_id: z.string().max(500),
  file_size: z.number().optional(),
  file_name: z.string().optional(),
  mime_type: z.string().optional(),
});
const Message = z.object({
  message_id: z.number(),
  chat: Chat,
  from: User.optional(),
  sender_chat: Chat.optional(),
  text: z.string().optional(),
  caption: z.string().optional(),
  entities: z.array(Entity).optional(),
  caption_entities: z.array(Entity).optional(),
  forward_origin: z.unknown().optional(),
  // Of servers before version 7.0.
  forward_date: z.unknown().optional(),
  // An inline bot wrote it.
  via_bot: z.unknown().optional(),
  reply_to_message: z.object({ message_id: z.number(), from: User.optional() }).optional(),
  media_group_id: z.string().optional(),
  migrate_to_chat_id: z.number().optional(),
  photo: z.array(File).optional(),
  voice: File.optional(),
  audio: File.optional(),
  document: File.optional(),
  video: File.optional(),
  video_note: File.optional(),
  animation: File.optional(),
  sticker: z.object({ emoji: z.string().optional() }).optional(),
  location: z.object({ latitude: z.number(), longitude: z.number() }).optional(),
  contact: z.object({ phone_number: z.string(), first_name: z.string().optional() }).optional(),
});
type TelegramMessage = z.output<typeof Message>;

const Press = z.object({
  id: z.string().max(200),
  from: User,
  message: z.object({ message_id: z.number(), chat: Chat }).optional(),
  data: z.string().max(64).optional(),
});

/** An update as the server gives it; its number alone has to be readable. */
export const RawUpdate = z.looseObject({ update_id: z.number() });

export function readUpdate(raw: z.output<typeof RawUpdate>, me: Account): Update {
  const place = String(raw.update_id);
  const press = Press.safeParse(raw["callback_query"]).data;
  if (press?.message !== undefined && press.data !== undefined) {
    const { id: pressId, message, data } = press;
    const chat = { id: String(message.chat.id) };
    return {
      kind: "press",
      place,
      pressId,
      chat,
      sender: toPeer(press.from),
      ref: String(message.message_id),
      press: data,
    };
  }
  const message = Message.safeParse(raw["message"]).data;
  if (message?.migrate_to_chat_id !== undefined)
    return { kind: "moved", place, from: String(message.chat.id), to: String(message.migrate_to_chat_id) };
  const read = message === undefined ? undefined : readMessage(message, me);
  return read === undefined ? { kind: "other", place } : { ...read, place };
}

function readMessage(message: TelegramMessage, me: Account): Omit<IncomingMessage, "place"> | undefined {
  const kind = chatKindOf(message.chat.type);
  const files = filesOf(message);
  const text = writtenText(message) ?? textOfOther(message);
  if (kind === undefined || (text === "" && files.length === 0)) return undefined;
  const { from, sender_chat: asChat, reply_to_message: answered } = message;
  return {
    kind: "message",
    chat: { ...toPeer(message.chat), kind },
    // An administrator who writes as the group, or a channel, has no name of their own.
    sender: from === undefined || from.is_bot === true || asChat !== undefined ? null : toPeer(from),
    ref: String(message.message_id),
    text,
    isForwarded: [message.forward_origin, message.forward_date, message.via_bot].some((from) => from !== undefined),
    isForMe: kind === "private" || String(answered?.from?.id) === me.id || isMentioned(message, me),
    replyTo: answered === undefined ? null : String(answered.message_id),
    files,
    album: message.media_group_id ?? null,
  };
}

/** With the addresses that stand behind its words: a reader sees the words alone, and what they lead to would be lost. */
function writtenText(message: TelegramMessage): string | undefined {
  const { text, entities } = wordsOf(message);
  if (text === undefined) return undefined;
  const links = entities.filter(({ url }) => url !== undefined);
  // From the end, so that the places before it stay; offsets count UTF-16 units, as strings do.
  return links
    .toSorted((one, other) => other.offset - one.offset)
    .reduce((written, { offset, length, url }) => {
      const end = offset + length;
      return `${written.slice(0, end)} (${url})${written.slice(end)}`;
    }, text);
}

/** What is written in it, or beneath its file. */
function wordsOf({ text, caption, entities, caption_entities: ofCaption }: TelegramMessage): {
  text: string | undefined;
  entities: z.output<typeof Entity>[];
} {
  return { text: text ?? caption, entities: entities ?? ofCaption ?? [] };
}

function chatKindOf(type: string): "private" | "group" | undefined {
  if (type === "private") return type;
  return type === "group" || type === "supergroup" ? "group" : undefined;
}

function toPeer({
  id,
  username,
  title,
  first_name: first,
  last_name: last,
}: z.output<typeof Chat> | (z.output<typeof User> & { title?: string })): Peer {
  const name = [first, last].filter((part) => part !== undefined).join(" ");
  return { id: String(id), name: username ?? null, title: (title ?? name).slice(0, 200) || null };
}

/** `@roost_bot`, a command for it, or a mention of an account without a name. */
function isMentioned(message: TelegramMessage, me: Account): boolean {
  const { text = "", entities } = wordsOf(message);
  const name = `@${me.name}`.toLowerCase();
  return entities.some(({ type, offset, length, user }) => {
    const part = text.slice(offset, offset + length).toLowerCase();
    if (type === "mention") return part === name;
    if (type === "bot_command") return part.endsWith(name);
    return type === "text_mention" && String(user?.id) === me.id;
  });
}

function filesOf(message: TelegramMessage): IncomingFile[] {
  // The last size of a picture is the largest.
  const photo = message.photo?.at(-1);
  const named: [file: z.output<typeof File> | undefined, name: string, mediaType: string][] = [
    [photo, "photo.jpg", "image/jpeg"],
    [message.voice, "voice.ogg", "audio/ogg"],
    [message.audio, "audio.mp3", "audio/mpeg"],
    [message.video, "video.mp4", "video/mp4"],
    [message.video_note, "video.mp4", "video/mp4"],
    // An animation is also given as a document, for older programs.
    [message.animation ?? message.document, "file", "application/octet-stream"],
  ];
  return named.flatMap(([file, name, mediaType]) =>
    file === undefined
      ? []
      : {
          fileId: file.file_id,
          name: file.file_name?.slice(0, 200) || name,
          mediaType: file.mime_type?.slice(0, 200) ?? mediaType,
          bytes: file.file_size ?? null,
        },
  );
}

function textOfOther({ sticker, location, contact }: TelegramMessage): string {
  if (location !== undefined) return `(location: ${location.latitude}, ${location.longitude})`;
  if (contact !== undefined) return `(contact: ${contact.first_name ?? ""} ${contact.phone_number})`;
  return sticker?.emoji ?? "";
}
