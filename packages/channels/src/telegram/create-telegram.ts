/** Telegram as a channel: long polling with nothing but a bot's token. */
import type { JsonObject } from "@roost/base";
import { z } from "zod";
import { SendFailed, type Account, type Channel, type NewChatMessage, type OutgoingFile } from "../channel.ts";
import { ChatMoved, createBotApi, type BotApi } from "./bot-api.ts";
import { RawUpdate, readUpdate } from "./read-update.ts";

export interface BotOptions {
  /** The bot's token. @throws RoostError when it cannot be read */
  token: () => Promise<string>;
  apiUrl?: string | undefined;
  /** How long the server may wait for something to come. */
  pollSeconds?: number;
  /** Between two edits; default: what Telegram advises for a chat and for a group. */
  editEveryMs?: { private: number; group: number };
}

export const telegramUrl = "https://api.telegram.org";
/** Telegram's are 4096 for a text and 20 MB for a file that a bot fetches. */
const textCharsMax = 4_000;
const fileBytesMax = 20 * 1024 * 1024;
const photoBytesMax = 10 * 1024 * 1024;
const updatesMax = 100;
const pollSecondsDefault = 30;
/** What the answer of a poll may take beyond the wait. */
const pollExtraMs = 15_000;

const Sent = z.object({ message_id: z.number() });
const Me = z.object({ id: z.number(), username: z.string().default("") });
const FileFacts = z.object({ file_path: z.string().max(1_000).optional(), file_size: z.number().optional() });

export function createTelegram(options: BotOptions): Channel {
  const { apiUrl = telegramUrl, pollSeconds = pollSecondsDefault } = options;
  let me: Account | undefined;
  let client: BotApi | undefined;
  const api = async () => (client ??= createBotApi({ token: await options.token(), apiUrl }));
  const whoAmI = async (signal: AbortSignal) => {
    // The token is read anew: it may have been replaced since it was refused.
    client = undefined;
    const found = await (await api()).call("getMe", { fields: {}, result: Me, signal });
    return (me = { id: String(found.id), name: found.username });
  };
  return {
    name: "telegram",
    limits: {
      textCharsMax,
      buttonsMax: 20,
      fileBytesMax,
      editEveryMs: options.editEveryMs ?? { private: 1_500, group: 4_000 },
    },
    whoAmI,
    async receive({ after, signal }) {
      const own = me ?? (await whoAmI(signal));
      const raw = await (
        await api()
      ).call("getUpdates", {
        fields: {
          ...(after !== null && { offset: Number(after) + 1 }),
          limit: updatesMax,
          timeout: pollSeconds,
          allowed_updates: ["message", "callback_query"],
        },
        result: z.array(RawUpdate),
        signal,
        timeoutMs: pollSeconds * 1_000 + pollExtraMs,
      });
      return raw.map((update) => readUpdate(update, own));
    },
    async send(chat, message, signal) {
      const told = { ...fieldsOf(message), ...replyFields(message.replyTo) };
      const sent = await whereItIs(chat, async (id) =>
        (await api()).call("sendMessage", { fields: { chat_id: id, ...told }, result: Sent, signal }),
      );
      return { ref: String(sent.message_id) };
    },
    async edit(chat, ref, message, signal) {
      const told = { message_id: Number(ref), ...fieldsOf(message) };
      try {
        await whereItIs(chat, async (id) =>
          (await api()).call("editMessageText", { fields: { chat_id: id, ...told }, result: z.unknown(), signal }),
        );
      } catch (error) {
        if (!(error instanceof SendFailed) || !error.message.includes("message is not modified")) throw error;
      }
    },
    async answerPress(pressId, text, signal) {
      const fields = { callback_query_id: pressId, text: text.slice(0, 200) };
      try {
        await (await api()).call("answerCallbackQuery", { fields, result: z.unknown(), signal });
      } catch (error) {
        if (!(error instanceof SendFailed) || error.code !== "invalid_input") throw error;
      }
    },
    ...filesWith(api),
  };
}

/** Once more where the chat has moved to. */
async function whereItIs<Result>(chat: string, call: (chat: string) => Promise<Result>): Promise<Result> {
  try {
    return await call(chat);
  } catch (error) {
    if (!(error instanceof ChatMoved)) throw error;
    return call(error.to);
  }
}

function filesWith(api: () => Promise<BotApi>): Pick<Channel, "sendFile" | "readFile"> {
  const send = async (chat: string, file: OutgoingFile, to: { method: string; field: string; signal: AbortSignal }) => {
    const { bytes, name, mediaType, replyTo } = file;
    const { method, field, signal } = to;
    const blob = new Blob([bytes], { type: mediaType });
    const sent = await whereItIs(chat, async (id) => {
      const fields = { chat_id: id, ...replyFields(replyTo) };
      return (await api()).call(method, { fields, file: { field, blob, name }, result: Sent, signal });
    });
    return { ref: String(sent.message_id) };
  };
  return {
    sendFile(chat, file, signal) {
      if (file.mediaType === "audio/ogg") return send(chat, file, { method: "sendVoice", field: "voice", signal });
      if (/^image\/(?:jpeg|png)$/.test(file.mediaType) && file.bytes.byteLength <= photoBytesMax)
        return send(chat, file, { method: "sendPhoto", field: "photo", signal });
      return send(chat, file, { method: "sendDocument", field: "document", signal });
    },
    async readFile(fileId, signal) {
      const client = await api();
      const facts = await client.call("getFile", { fields: { file_id: fileId }, result: FileFacts, signal });
      if (facts.file_path === undefined || (facts.file_size ?? 0) > fileBytesMax)
        throw new SendFailed("limit_exceeded", "Telegram gives bots files of at most 20 MB", { isUnknown: false });
      return client.download(facts.file_path, { bytesMax: fileBytesMax, signal });
    },
  };
}

/** No previews of links: the service would fetch an address that a model wrote, with whatever stands in it. */
function fieldsOf({ text, buttons }: NewChatMessage): JsonObject {
  return {
    text: text.trim() === "" ? "…" : text,
    link_preview_options: { is_disabled: true },
    reply_markup: {
      inline_keyboard: (buttons ?? []).map((button) => [{ text: button.text, callback_data: button.press }]),
    },
  };
}

function replyFields(replyTo: string | undefined): JsonObject {
  if (replyTo === undefined) return {};
  return { reply_parameters: { message_id: Number(replyTo), allow_sending_without_reply: true } };
}
