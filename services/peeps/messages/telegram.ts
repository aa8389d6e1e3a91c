/**
 * Messages of Telegram Desktop's JSON export: a whole account (`chats.list`, with the owner in `personal_information`) or
 * one chat. Text is a string or a list of strings and marked pieces.
 */
import { isJsonObject, jsonObjectOf, RoostError, type JsonObject } from "@roost/base";
import type { MessageItem, SourceAttachment, SourceHandle, SourceMessage } from "./source-message.ts";

export interface TelegramOptions {
  /** `user123`; needed for the export of one chat, which does not name its owner. */
  ownerId?: string | undefined;
}

/** @throws RoostError `invalid_input`: it is no such export, or nothing says who the owner is. */
export function* readTelegram(text: string, options: TelegramOptions = {}): Generator<MessageItem> {
  const { chats, owner } = openExport(text, options);
  for (const chat of chats) {
    const { messages } = chat;
    const list = Array.isArray(messages) ? messages.filter(isJsonObject) : [];
    const others = participantsOf(list, owner);
    for (const message of list) {
      if (message["type"] !== "message") continue;
      const read = readMessage(message, { chat, owner, others });
      if (read === undefined)
        yield {
          fault: { reason: `message ${describe(message["id"])} of chat ${describe(chat["name"])} has no id or date` },
        };
      else {
        yield { message: read };
        yield* readReactions(message, read, owner);
      }
    }
  }
}

function openExport(text: string, { ownerId }: TelegramOptions): { chats: JsonObject[]; owner: string } {
  let whole: JsonObject;
  try {
    whole = jsonObjectOf(JSON.parse(text));
  } catch (cause) {
    throw new RoostError("invalid_input", "this is not JSON: choose result.json of an export in JSON", { cause });
  }
  const { list } = jsonObjectOf(whole["chats"]);
  const chats = Array.isArray(list) ? list.filter(isJsonObject) : Array.isArray(whole["messages"]) ? [whole] : [];
  if (chats.length === 0)
    throw new RoostError("invalid_input", "this is not a Telegram export: it has neither chats nor messages");
  const own = jsonObjectOf(whole["personal_information"])["user_id"];
  const owner = ownerId ?? (own === undefined ? undefined : `user${describe(own)}`);
  if (owner === undefined) {
    const senders = new Map(chats.flatMap(sendersOf).map(({ value, name }) => [value, name]));
    const names = [...senders].slice(0, 20).map(([id, name]) => `${id} (${name ?? "without a name"})`);
    throw new RoostError(
      "invalid_input",
      `an export of one chat does not say who you are: give --me with one of ${names.join(", ")}`,
    );
  }
  return { chats, owner };
}

interface Chat {
  chat: JsonObject;
  owner: string;
  others: SourceHandle[];
}

function readMessage(message: JsonObject, { chat, owner, others }: Chat): SourceMessage | undefined {
  const sentAt = momentOf(message["date_unixtime"], message["date"]);
  const id = message["id"];
  if (sentAt === undefined || (typeof id !== "number" && typeof id !== "string")) return undefined;
  const chatId = describe(chat["id"]);
  const sender = senderOf(message);
  const isFromOwner = sender?.value === owner;
  const reply = message["reply_to_message_id"];
  const forwarded = message["forwarded_from"];
  const text = textOf(message["text"]);
  return {
    source: "telegram",
    externalId: `${chatId}/${id}`,
    conversation: {
      id: chatId,
      title: typeof chat["name"] === "string" ? chat["name"] : undefined,
      isGroup: !["personal_chat", "bot_chat", "saved_messages"].includes(String(chat["type"])),
    },
    isFromOwner,
    sender: isFromOwner ? undefined : sender,
    participants: others,
    sentAt,
    editedAt: momentOf(message["edited_unixtime"], message["edited"]),
    text: typeof forwarded === "string" ? `Forwarded from ${forwarded}:\n${text}` : text,
    isDeleted: false,
    attachments: attachmentsOf(message),
    replyTo: reply === undefined ? undefined : `${chatId}/${describe(reply)}`,
  };
}

function* readReactions(
  message: JsonObject,
  { externalId, sentAt }: SourceMessage,
  owner: string,
): Generator<MessageItem> {
  const { reactions } = message;
  for (const item of Array.isArray(reactions) ? reactions.filter(isJsonObject) : []) {
    const { recent, emoji } = item;
    for (const who of Array.isArray(recent) ? recent.filter(isJsonObject) : []) {
      const sender = senderOf(who);
      if (sender === undefined || typeof emoji !== "string") continue;
      const isFromOwner = sender.value === owner;
      yield {
        reaction: {
          source: "telegram",
          target: externalId,
          sender: isFromOwner ? undefined : sender,
          isFromOwner,
          reaction: emoji,
          isRemoved: false,
          at: momentOf(undefined, who["date"]) ?? sentAt,
        },
      };
    }
  }
}

function attachmentsOf(message: JsonObject): SourceAttachment[] {
  const file = message["file"] ?? message["photo"];
  if (typeof file !== "string") return [];
  const [name, mediaType, bytes] = [
    message["file_name"],
    message["mime_type"],
    message["file_size"] ?? message["photo_file_size"],
  ];
  return [
    {
      name: typeof name === "string" ? name : file.startsWith("(") ? undefined : file.split("/").at(-1),
      mediaType: typeof mediaType === "string" ? mediaType : message["photo"] === undefined ? undefined : "image/jpeg",
      bytes: typeof bytes === "number" ? bytes : undefined,
    },
  ];
}

function participantsOf(messages: readonly JsonObject[], owner: string): SourceHandle[] {
  const found = new Map<string, SourceHandle>();
  for (const message of messages) {
    const sender = senderOf(message);
    if (sender !== undefined && sender.value !== owner && found.size < 1000) found.set(sender.value, sender);
  }
  return [...found.values()];
}

function sendersOf({ messages }: JsonObject): SourceHandle[] {
  return Array.isArray(messages) ? participantsOf(messages.filter(isJsonObject), "") : [];
}

function senderOf(message: JsonObject): SourceHandle | undefined {
  const { from, from_id: given } = message;
  // Exports until 2021 name people by a number.
  const id = typeof given === "number" ? `user${given}` : given;
  return typeof id === "string"
    ? { kind: "username", value: id, name: typeof from === "string" ? from : undefined }
    : undefined;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return "";
  return value.map((piece) => (typeof piece === "string" ? piece : describe(jsonObjectOf(piece)["text"]))).join("");
}

/** Seconds since 1970; older exports have only a local time, which is taken as UTC. */
function momentOf(unix: unknown, local: unknown): string | undefined {
  const ms =
    typeof unix === "string" || typeof unix === "number" ? Number(unix) * 1000 : Date.parse(`${describe(local)}Z`);
  return Number.isFinite(ms) ? new Date(ms).toISOString() : undefined;
}

function describe(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
