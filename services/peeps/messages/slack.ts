/**
 * Messages of a Slack export: `users.json`, the lists of conversations, and a folder for each with one file a day.
 * Takes the files as they are read from the zip or its folder. Who the owner is has to be given: an export is of a
 * workspace.
 */
import { isJsonObject, jsonObjectOf, RoostError, type JsonObject } from "@roost/base";
import type { MessageItem, SourceAttachment, SourceHandle } from "./source-message.ts";

export interface SlackFile {
  /** In the export, with `/`: `general/2024-01-31.json`. */
  path: string;
  read: () => string;
}

interface Person {
  name: string;
  email: string | undefined;
}

interface Conversation {
  id: string;
  title: string;
  isGroup: boolean;
  members: string[];
}

/** Conversations by the list that names them. */
const lists = { "channels.json": true, "groups.json": true, "mpims.json": true, "dms.json": false } as const;

/** Said by Slack, not by people. */
const silent = new Set([
  ..."channel_join channel_leave channel_topic channel_purpose channel_name group_join group_leave".split(" "),
  ..."channel_archive bot_add bot_remove pinned_item unpinned_item tombstone".split(" "),
]);

/** @throws RoostError `invalid_input`: it is no such export, or the owner is not in it. */
export function* readSlack(files: readonly SlackFile[], { owner }: { owner: string }): Generator<MessageItem> {
  const people = readPeople(files);
  const own = [...people].find(([id, { name, email }]) => [id, name, email].includes(owner))?.[0];
  if (own === undefined)
    throw new RoostError(
      "invalid_input",
      `"${owner}" is not in this workspace: give --me a user id, name or e-mail of users.json`,
    );
  const conversations = readConversations(files);
  for (const file of files) {
    const [folder, day, ...rest] = file.path.split("/");
    if (folder === undefined || day === undefined || rest.length > 0 || !/^\d{4}-\d{2}-\d{2}\.json$/.test(day))
      continue;
    const conversation = conversations.get(folder);
    const messages = parse(file);
    if (!Array.isArray(messages)) {
      yield { fault: { file: file.path, reason: "is not a list of messages" } };
      continue;
    }
    if (conversation === undefined) {
      yield { fault: { file: file.path, reason: "belongs to a conversation that no list of the export names" } };
      continue;
    }
    for (const [index, message] of messages.entries())
      yield* readMessage(jsonObjectOf(message), { conversation, people, own, file: file.path, index });
  }
}

interface Place {
  conversation: Conversation;
  people: ReadonlyMap<string, Person>;
  own: string;
  file: string;
  index: number;
}

function* readMessage(message: JsonObject, { conversation, people, own, file, index }: Place): Generator<MessageItem> {
  const { ts, user, subtype, thread_ts: thread, text } = message;
  if (message["type"] !== "message" || silent.has(String(subtype))) return;
  const sentAt = momentOf(ts);
  const sender =
    typeof user === "string" ? user : typeof message["bot_id"] === "string" ? message["bot_id"] : undefined;
  if (sentAt === undefined || sender === undefined) {
    yield { fault: { file, reason: `message ${index + 1} has no ts or no user` } };
    return;
  }
  const externalId = `${conversation.id}/${String(ts)}`;
  const handle = (id: string): SourceHandle => toHandle(id, people, message);
  yield {
    message: {
      source: "slack",
      externalId,
      conversation: { id: conversation.id, title: conversation.title, isGroup: conversation.isGroup },
      isFromOwner: sender === own,
      sender: sender === own ? undefined : handle(sender),
      participants: conversation.members.filter((id) => id !== own).map(handle),
      sentAt,
      editedAt: momentOf(jsonObjectOf(message["edited"])["ts"]),
      text: plainText(typeof text === "string" ? text : "", people),
      isDeleted: false,
      attachments: attachmentsOf(message["files"]),
      replyTo: typeof thread === "string" && thread !== ts ? `${conversation.id}/${thread}` : undefined,
    },
  };
  const { reactions } = message;
  for (const { name, users } of Array.isArray(reactions) ? reactions.filter(isJsonObject) : [])
    for (const id of Array.isArray(users) ? users : [])
      if (typeof id === "string" && typeof name === "string")
        yield {
          reaction: {
            source: "slack",
            target: externalId,
            sender: id === own ? undefined : handle(id),
            isFromOwner: id === own,
            reaction: `:${name}:`,
            isRemoved: false,
            at: sentAt,
          },
        };
}

/** `<@U1>`, `<#C1|general>`, `<https://…|label>` and three escapes, as Slack's documentation of mrkdwn says. */
function plainText(text: string, people: ReadonlyMap<string, Person>): string {
  return text
    .replaceAll(/<@(\w+)(?:\|[^<>]*)?>/g, (_, id: string) => `@${people.get(id)?.name ?? id}`)
    .replaceAll(/<#\w+\|([^<>]*)>/g, "#$1")
    .replaceAll(/<!(\w+)(?:[|^][^<>]*)?>/g, "@$1")
    .replaceAll(/<([^<>|]+)\|([^<>]+)>/g, "$2 ($1)")
    .replaceAll(/<([^<>]+)>/g, "$1")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

function readPeople(files: readonly SlackFile[]): Map<string, Person> {
  const file = files.find(({ path }) => path === "users.json");
  const users = file === undefined ? undefined : parse(file);
  if (!Array.isArray(users))
    throw new RoostError("invalid_input", "this is not a Slack export: it has no users.json with a list of people");
  return new Map(
    users.filter(isJsonObject).flatMap((user): [string, Person][] => {
      const { display_name: display, real_name: real, email } = jsonObjectOf(user["profile"]);
      const name = [display, real, user["real_name"], user["name"]].find(
        (word) => typeof word === "string" && word !== "",
      );
      const { id } = user;
      if (typeof id !== "string") return [];
      return [
        [id, { name: typeof name === "string" ? name : id, email: typeof email === "string" ? email : undefined }],
      ];
    }),
  );
}

function readConversations(files: readonly SlackFile[]): Map<string, Conversation> {
  const found = new Map<string, Conversation>();
  for (const [path, isGroup] of Object.entries(lists)) {
    const file = files.find((other) => other.path === path);
    const items = file === undefined ? [] : parse(file);
    for (const { id, name, members } of Array.isArray(items) ? items.filter(isJsonObject) : []) {
      if (typeof id !== "string") continue;
      const title = typeof name === "string" ? name : id;
      const ids = Array.isArray(members) ? members.filter((member) => typeof member === "string") : [];
      found.set(title, { id, title, isGroup, members: ids });
    }
  }
  return found;
}

function parse(file: SlackFile): unknown {
  try {
    return JSON.parse(file.read());
  } catch {
    return undefined; // told by its path, where it is read
  }
}

function toHandle(id: string, people: ReadonlyMap<string, Person>, message: JsonObject): SourceHandle {
  const person = people.get(id);
  if (person?.email !== undefined) return { kind: "email", value: person.email, name: person.name };
  const bot = message["username"];
  return { kind: "username", value: id, name: person?.name ?? (typeof bot === "string" ? bot : undefined) };
}

function attachmentsOf(files: unknown): SourceAttachment[] {
  return (Array.isArray(files) ? files.filter(isJsonObject) : []).map(({ name, mimetype, size }) => ({
    name: typeof name === "string" ? name : undefined,
    mediaType: typeof mimetype === "string" ? mimetype : undefined,
    bytes: typeof size === "number" ? size : undefined,
  }));
}

/** `1700000000.123456` */
function momentOf(ts: unknown): string | undefined {
  const seconds = typeof ts === "string" && /^\d{9,11}(?:\.\d+)?$/.test(ts) ? Number(ts) : Number.NaN;
  return Number.isNaN(seconds) ? undefined : new Date(Math.floor(seconds * 1000)).toISOString();
}
