/**
 * Telegram's Bot API on a local port, as its documentation describes what Roost uses: offsets that confirm, one poll at a time (409), 429 with
 * retry_after, edits that change nothing, deleted messages, blocked bots, files. It keeps everything in memory.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createTelegram } from "../telegram/create-telegram.ts";
import type { ChannelWorld, SaidMessage, ShownMessage } from "./channel-world.ts";

export interface BotApiServer extends ChannelWorld {
  url: string;
  token: string;
  /** Names of methods that were called, in order. */
  calls: string[];
  /** A group is made a supergroup, which has another id. */
  migrate(chat: string, to: string): void;
  /** The chat blocks the bot. */
  block(chat: string): void;
  remove(chat: string, ref: string): void;
  /** Unconfirmed updates. */
  unconfirmed(): number;
}

interface Fields {
  [name: string]: unknown;
}

interface Stored extends ShownMessage {
  chat: string;
  presses: string[];
  isGone?: boolean;
}

class Refused extends Error {
  readonly status: number;
  readonly parameters: object | undefined;

  constructor(status: number, description: string, parameters?: object) {
    super(description);
    this.status = status;
    this.parameters = parameters;
  }
}

const textCharsMax = 4_096;
const fileBytesMax = 20 * 1024 * 1024;

export async function startBotApi(): Promise<BotApiServer> {
  const token = "123456:a-token-of-the-tests";
  const account = { id: "123456", name: "roost_test_bot" };
  const updates: { update_id: number; [field: string]: unknown }[] = [];
  const messages: Stored[] = [];
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const openPresses = new Set<string>();
  const blocked = new Set<string>();
  const moved = new Map<string, string>();
  const calls: string[] = [];
  const pressAnswers: string[] = [];
  let nextUpdate = 1_000;
  let nextMessage = 1;
  let limited = { count: 0, seconds: 0 };
  let losing: "silent" | "failed" | undefined;
  /** The poll that waits. */
  let waiting: { wake: () => void; end: () => void } | undefined;

  const add = (update: object) => {
    nextUpdate += 1;
    updates.push({ update_id: nextUpdate, ...update });
    waiting?.wake();
  };

  const getUpdates = async ({ offset, timeout = 0, limit = 100 }: Fields) => {
    waiting?.end();
    if (typeof offset === "number") while ((updates[0]?.update_id ?? offset) < offset) updates.shift();
    if (updates.length === 0 && Number(timeout) > 0) {
      const outcome = await new Promise<string>((resolve) => {
        const timer = setTimeout(resolve, Number(timeout) * 1_000, "over");
        const settle = (how: string) => (clearTimeout(timer), resolve(how));
        waiting = { wake: () => settle("woken"), end: () => settle("ended") };
      });
      if (outcome === "ended")
        throw new Refused(
          409,
          "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        );
      waiting = undefined;
    }
    return updates.slice(0, Number(limit));
  };

  const find = (fields: Fields): Stored => {
    const message = messages.find(
      ({ chat, ref }) => chat === String(fields["chat_id"]) && ref === String(fields["message_id"]),
    );
    if (message === undefined || message.isGone === true)
      throw new Refused(400, "Bad Request: message to edit not found");
    return message;
  };

  const readShown = (fields: Fields): Pick<Stored, "text" | "buttons" | "presses"> => {
    const text = String(fields["text"] ?? "");
    if (text.trim() === "") throw new Refused(400, "Bad Request: message text is empty");
    if (text.length > textCharsMax) throw new Refused(400, "Bad Request: message is too long");
    const markup = fields["reply_markup"] as
      | { inline_keyboard?: { text: string; callback_data: string }[][] }
      | undefined;
    const buttons = (markup?.inline_keyboard ?? []).flat();
    if (buttons.some(({ callback_data: press }) => press.length < 1 || Buffer.byteLength(press) > 64))
      throw new Refused(400, "Bad Request: BUTTON_DATA_INVALID");
    assert.deepEqual(
      fields["link_preview_options"],
      { is_disabled: true },
      "links of an answer are not fetched by the service",
    );
    return {
      text,
      buttons: buttons.map((button) => button.text),
      presses: buttons.map((button) => button.callback_data),
    };
  };

  const store = (fields: Fields, shown: Omit<Stored, "ref" | "chat" | "editCount">) => {
    const chat = String(fields["chat_id"]);
    if (blocked.has(chat)) throw new Refused(403, "Forbidden: bot was blocked by the user");
    const ref = String(nextMessage++);
    const reply = fields["reply_parameters"];
    const answered = (typeof reply === "string" ? JSON.parse(reply) : reply) as { message_id: number } | undefined;
    messages.push({ ref, chat, editCount: 0, ...(answered && { replyTo: String(answered.message_id) }), ...shown });
    return { message_id: Number(ref), chat: { id: Number(chat) } };
  };

  const storeFile = async (fields: Fields, field: string) => {
    const blob = fields[field];
    if (!(blob instanceof File)) throw new Refused(400, "Bad Request: there is no file in the request");
    const file = { name: blob.name, mediaType: blob.type, bytes: new Uint8Array(await blob.arrayBuffer()) };
    return store(fields, { text: "", buttons: [], presses: [], file });
  };

  const methods: Record<string, (fields: Fields) => unknown> = {
    getMe: () => ({ id: Number(account.id), is_bot: true, first_name: "Roost", username: account.name }),
    getUpdates,
    sendMessage: (fields) => store(fields, readShown(fields)),
    editMessageText(fields) {
      const message = find(fields);
      const shown = readShown(fields);
      if (message.text === shown.text && message.presses.join() === shown.presses.join())
        throw new Refused(
          400,
          "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
        );
      Object.assign(message, shown, { editCount: message.editCount + 1 });
      return { message_id: Number(message.ref) };
    },
    answerCallbackQuery(fields) {
      if (!openPresses.delete(String(fields["callback_query_id"])))
        throw new Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid");
      pressAnswers.push(String(fields["text"] ?? ""));
      return true;
    },
    sendVoice: (fields) => storeFile(fields, "voice"),
    sendPhoto: (fields) => storeFile(fields, "photo"),
    sendDocument: (fields) => storeFile(fields, "document"),
    getFile(fields) {
      const id = String(fields["file_id"]);
      const bytes = files.get(id);
      if (bytes === undefined) throw new Refused(400, "Bad Request: invalid file_id");
      if (bytes.byteLength > fileBytesMax) throw new Refused(400, "Bad Request: file is too big");
      return { file_id: id, file_size: bytes.byteLength, file_path: `files/${id}` };
    },
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? "/", "http://bot").pathname;
    const [, isFile, given, method = ""] = /^\/(file\/)?bot([^/]+)\/(.+)$/.exec(path) ?? [];
    if (given !== token) throw new Refused(401, "Unauthorized");
    if (isFile !== undefined) {
      const bytes = files.get(method.replace("files/", ""));
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
      return;
    }
    calls.push(method);
    const fields = await readFields(request);
    const writes = !method.startsWith("get");
    if (writes && limited.count > 0) {
      limited.count -= 1;
      throw new Refused(429, `Too Many Requests: retry after ${limited.seconds}`, { retry_after: limited.seconds });
    }
    const movedTo = moved.get(String(fields["chat_id"]));
    if (movedTo !== undefined) {
      const parameters = { migrate_to_chat_id: Number(movedTo) };
      throw new Refused(400, "Bad Request: group chat was upgraded to a supergroup chat", parameters);
    }
    const work = methods[method];
    if (work === undefined) throw new Refused(404, "Not Found");
    const result = await work(fields);
    if (writes && losing !== undefined) {
      const how = losing;
      losing = undefined;
      if (how === "failed") throw new Refused(502, "Bad Gateway");
      request.socket.destroy();
      return;
    }
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ ok: true, result }));
  };

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      const { status, message, parameters } = error instanceof Refused ? error : new Refused(500, String(error));
      response.writeHead(status, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ ok: false, error_code: status, description: message, ...(parameters && { parameters }) }),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    token,
    account,
    calls,
    pressAnswers,
    open: () =>
      createTelegram({
        token: async () => token,
        apiUrl: url,
        pollSeconds: 1,
        editEveryMs: { private: 20, group: 40 },
      }),
    say(message) {
      const ref = nextMessage++;
      add({ message: toTelegram(message, { ref, account, files, messages }) });
      return String(ref);
    },
    press({ chat, by = chat, ref, button }) {
      const message = messages.find((one) => one.chat === chat && one.ref === ref);
      const id = `press-${openPresses.size}-${nextUpdate}`;
      openPresses.add(id);
      add({
        callback_query: {
          id,
          from: userOf(by),
          message: { message_id: Number(ref), chat: { id: Number(chat), type: "private" } },
          data: message?.presses[button] ?? "q:old:0",
        },
      });
    },
    shown: (chat) =>
      messages
        .filter((message) => message.chat === chat && message.isGone !== true)
        .map(({ ref, text, buttons, editCount, file, replyTo }) => ({
          ref,
          text,
          buttons,
          editCount,
          ...(file && { file }),
          ...(replyTo && { replyTo }),
        })),
    loseNext(how = "silent") {
      losing = how;
    },
    limitNext(count, seconds) {
      limited = { count, seconds };
    },
    migrate(chat, to) {
      moved.set(chat, to);
      const from = { id: Number(chat), type: "group", title: `Group ${chat}` };
      add({ message: { message_id: nextMessage++, chat: from, migrate_to_chat_id: Number(to) } });
    },
    block: (chat) => void blocked.add(chat),
    remove(chat, ref) {
      const message = messages.find((one) => one.chat === chat && one.ref === ref);
      if (message !== undefined) message.isGone = true;
    },
    unconfirmed: () => updates.length,
    async [Symbol.asyncDispose]() {
      waiting?.end();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function readFields(request: IncomingMessage): Promise<Fields> {
  const type = request.headers["content-type"] ?? "";
  const body = await buffer(request);
  if (!type.startsWith("multipart/")) return body.length === 0 ? {} : (JSON.parse(body.toString("utf8")) as Fields);
  const form = await new Response(body, { headers: { "content-type": type } }).formData();
  return Object.fromEntries(form);
}

function userOf(id: string) {
  return { id: Number(id), is_bot: false, first_name: `Person ${id}`, username: `person${id}` };
}

function toTelegram(
  { chat, by = chat, isGroup = false, text, isForwarded, replyTo, isMention, file, album }: SaidMessage,
  given: {
    ref: number;
    account: { name: string; id: string };
    files: Map<string, Uint8Array<ArrayBuffer>>;
    messages: readonly Stored[];
  },
): object {
  const { ref, account, files, messages } = given;
  const mention = `@${account.name}`;
  const written = isMention === true ? `${mention} ${text ?? ""}` : text;
  const isOwn = messages.some((one) => one.chat === chat && one.ref === replyTo);
  const entities = isMention === true ? [{ type: "mention", offset: 0, length: mention.length }] : undefined;
  const sent = file === undefined ? undefined : addFile(files, file);
  return {
    message_id: ref,
    date: 1_790_000_000,
    chat: {
      id: Number(chat),
      type: isGroup ? "supergroup" : "private",
      ...(isGroup ? { title: `Group ${chat}` } : { first_name: `Person ${chat}`, username: `person${chat}` }),
    },
    from: userOf(by),
    ...(written !== undefined &&
      (file === undefined ? { text: written, entities } : { caption: written, caption_entities: entities })),
    ...(isForwarded === true && {
      forward_origin: { type: "hidden_user", sender_user_name: "Someone", date: 1_790_000_000 },
    }),
    ...(replyTo !== undefined && {
      reply_to_message: {
        message_id: Number(replyTo),
        from: isOwn ? { ...userOf(account.id), is_bot: true } : userOf(by),
      },
    }),
    media_group_id: album,
    ...sent,
  };
}

function addFile(files: Map<string, Uint8Array<ArrayBuffer>>, file: NonNullable<SaidMessage["file"]>): object {
  const id = `file-${files.size + 1}`;
  files.set(id, file.bytes);
  const facts = { file_id: id, file_unique_id: id, file_size: file.bytes.byteLength };
  if (file.kind === "photo")
    return {
      photo: [
        { ...facts, width: 90, height: 90, file_id: "small" },
        { ...facts, width: 900, height: 900 },
      ],
    };
  if (file.kind === "voice") return { voice: { ...facts, duration: 3, mime_type: file.mediaType } };
  return { document: { ...facts, file_name: file.name, mime_type: file.mediaType } };
}
