/**
 * Messages of signal-cli's JSON-RPC (`receive` notifications, one envelope each): what others sent, what the owner sent
 * from another device, edits, reactions and deletions. A message is named by its sender and its time, as Signal does.
 */
import { isJsonObject, jsonObjectOf, type JsonObject } from "@roost/base";
import type { MessageItem, SourceAttachment, SourceHandle, SourceMessage } from "./source-message.ts";

/** @param account The owner's own number or id, as signal-cli names it. */
export function* readSignalEnvelope(params: unknown, account: string): Generator<MessageItem> {
  const envelope = jsonObjectOf(jsonObjectOf(params)["envelope"]);
  const sent = jsonObjectOf(jsonObjectOf(envelope["syncMessage"])["sentMessage"]);
  const isSent = Object.keys(sent).length > 0;
  const edit = jsonObjectOf((isSent ? sent : envelope)["editMessage"]);
  const data = [edit["dataMessage"], isSent ? sent : undefined, envelope["dataMessage"]].find(isJsonObject);
  if (data === undefined) return; // receipts, typing, calls
  const sender = isSent ? undefined : handleOf(envelope, "source");
  const at = momentOf(data["timestamp"] ?? envelope["timestamp"]);
  if (at === undefined || (!isSent && sender === undefined)) {
    yield { fault: { reason: "a Signal envelope names neither its time nor its sender" } };
    return;
  }
  const author = isSent ? account : (sender?.value ?? "");
  const reaction = jsonObjectOf(data["reaction"]);
  if (typeof reaction["emoji"] === "string") {
    const target = handleOf(reaction, "targetAuthor");
    const isRemoved = reaction["isRemove"] === true;
    const key = idOf(target?.value ?? account, reaction["targetSentTimestamp"]);
    yield {
      reaction: {
        source: "signal",
        target: key,
        sender,
        isFromOwner: isSent,
        reaction: reaction["emoji"],
        isRemoved,
        at,
      },
    };
    return;
  }
  const removed = jsonObjectOf(data["remoteDelete"])["timestamp"];
  const revised = removed ?? edit["targetSentTimestamp"];
  yield {
    message: readMessage(data, {
      sent: isSent ? sent : undefined,
      sender,
      author,
      at,
      revised,
      isDeleted: removed !== undefined,
    }),
  };
}

interface Envelope {
  sent: JsonObject | undefined;
  sender: SourceHandle | undefined;
  author: string;
  at: string;
  /** The time of the message that this one changes or deletes. */
  revised: unknown;
  isDeleted: boolean;
}

function readMessage(data: JsonObject, { sent, sender, author, at, revised, isDeleted }: Envelope): SourceMessage {
  const { groupId, groupName } = jsonObjectOf(data["groupInfo"]);
  const to = sent === undefined ? undefined : handleOf(sent, "destination");
  const isGroup = typeof groupId === "string";
  const other = to ?? sender;
  const quote = jsonObjectOf(data["quote"]);
  const quoted = handleOf(quote, "author");
  return {
    source: "signal",
    externalId: idOf(author, revised ?? Date.parse(at)),
    conversation: isGroup
      ? { id: `group:${groupId}`, title: typeof groupName === "string" ? groupName : undefined, isGroup }
      : { id: other?.value ?? author, title: other?.name, isGroup },
    isFromOwner: sent !== undefined,
    sender,
    participants: other === undefined || isGroup ? [] : [other],
    sentAt: revised === undefined ? at : (momentOf(revised) ?? at),
    editedAt: revised === undefined ? undefined : at,
    text: typeof data["message"] === "string" && !isDeleted ? data["message"] : "",
    isDeleted,
    attachments: attachmentsOf(data["attachments"]),
    replyTo: quoted === undefined ? undefined : idOf(quoted.value, quote["id"]),
  };
}

function handleOf(from: JsonObject, prefix: string): SourceHandle | undefined {
  const [number, uuid, name] = [from[`${prefix}Number`], from[`${prefix}Uuid`], from[`${prefix}Name`]];
  const said = typeof name === "string" ? name : undefined;
  if (typeof number === "string") return { kind: "phone", value: number, name: said };
  const value = typeof uuid === "string" ? uuid : from[prefix];
  return typeof value === "string"
    ? { kind: value.startsWith("+") ? "phone" : "username", value, name: said }
    : undefined;
}

function attachmentsOf(value: unknown): SourceAttachment[] {
  return (Array.isArray(value) ? value.filter(isJsonObject) : []).map(({ filename, contentType, size }) => ({
    name: typeof filename === "string" ? filename : undefined,
    mediaType: typeof contentType === "string" ? contentType : undefined,
    bytes: typeof size === "number" ? size : undefined,
  }));
}

function idOf(author: string, timestamp: unknown): string {
  return `${author}/${String(timestamp)}`;
}

function momentOf(ms: unknown): string | undefined {
  return typeof ms === "number" && Number.isFinite(ms) ? new Date(ms).toISOString() : undefined;
}
