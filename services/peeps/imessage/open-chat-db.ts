/**
 * Messages of macOS's chat.db, read in the order of its rows. Its columns vary by the version of macOS, so those that
 * exist are asked for first. Opened for reading only and never as immutable: what the write-ahead log holds is read too.
 */
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { RoostError } from "@roost/base";
import type { MessageItem, SourceAttachment, SourceHandle } from "../messages/source-message.ts";
import { decodeAttributedBody } from "./decode-attributed-body.ts";
import { readMessageEdits } from "./read-message-edits.ts";

export interface ChatDb {
  /** Which file it is: another file under the same name begins from its first row. */
  readonly inode: number;
  /** Changes with each commit of another program. */
  dataVersion(): number;
  lastRow(): number;
  /** Rows after a row, at most `limit`. */
  readRows(options: { after: number; limit: number }): ChatRow[];
  /** These rows again: those that stood in no chat yet. */
  readAgain(rows: readonly number[]): ChatRow[];
  /** Rows up to a row that were edited or unsent after a moment, milliseconds since 1970. */
  readChanged(options: { upTo: number; afterMs: number; limit: number }): ChatRow[];
  [Symbol.dispose](): void;
}

export interface ChatRow {
  row: number;
  /** Its chat is written in a later transaction: read it again. */
  isWithoutChat: boolean;
  /** Of its last edit or unsending, milliseconds since 1970. */
  changedMs: number | undefined;
  item: MessageItem | undefined;
}

/** Of Apple's clock, which begins in 2001. */
const epochMs = 978_307_200_000;
const groupStyle = 43;

/** @throws RoostError `not_found` or `forbidden`: the file is missing, or macOS does not let this program read it. */
export function openChatDb(path: string): ChatDb {
  const { db, inode } = open(path);
  const columns = new Set(
    db
      .prepare("SELECT name FROM pragma_table_info('message')")
      .all()
      .map((column) => String(column["name"])),
  );
  const select = selectOf(columns);
  const participants = db.prepare(
    "SELECT h.id AS id FROM chat_handle_join j JOIN handle h ON h.ROWID = j.handle_id WHERE j.chat_id = ? ORDER BY h.ROWID",
  );
  const attachments = db.prepare(
    "SELECT a.transfer_name AS name, a.mime_type AS type, a.total_bytes AS bytes FROM message_attachment_join j JOIN attachment a ON a.ROWID = j.attachment_id WHERE j.message_id = ? ORDER BY a.ROWID",
  );
  const after = db.prepare(`${select} WHERE m.ROWID > ? ORDER BY m.ROWID LIMIT ?`);
  const again = db.prepare(`${select} WHERE m.ROWID = ?`);
  const changed = db.prepare(
    `${select} WHERE m.ROWID <= ? AND ${changedOf(columns)} > ? ORDER BY ${changedOf(columns)} LIMIT ?`,
  );
  const last = db.prepare("SELECT max(ROWID) AS row FROM message");
  const version = db.prepare("PRAGMA data_version");
  const read = (record: Record<string, unknown>): ChatRow =>
    readRow(record, {
      participants: (chat) => participants.all(chat).map(({ id }) => toHandle(String(id))),
      attachments: (row) => attachments.all(row).map(toAttachment),
    });
  return {
    inode,
    dataVersion: () => Number(version.get()?.["data_version"]),
    lastRow: () => Number(last.get()?.["row"] ?? 0),
    readRows: (options) => after.all(options.after, options.limit).map(read),
    readAgain: (rows) => rows.flatMap((row) => again.all(row)).map(read),
    readChanged: ({ upTo, afterMs, limit }) => changed.all(upTo, Math.max(0, afterMs - epochMs), limit).map(read),
    [Symbol.dispose]: () => db.close(),
  };
}

function open(path: string): { db: DatabaseSync; inode: number } {
  try {
    const { ino } = statSync(path);
    const db = new DatabaseSync(path, { readOnly: true });
    db.exec("PRAGMA busy_timeout = 5000");
    db.prepare("SELECT 1 FROM message LIMIT 1").all();
    return { db, inode: ino };
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    if (code === "ENOENT") throw new RoostError("not_found", `there is no ${path}`, { cause });
    throw new RoostError(
      "forbidden",
      `${path} cannot be read: give this program Full Disk Access in System Settings → Privacy & Security, or name a chat.db`,
      { cause },
    );
  }
}

/** Milliseconds since 2001; rows of old systems count seconds. */
function msOf(column: string): string {
  return `CASE WHEN abs(${column}) < 1000000000000 THEN ${column} * 1000 ELSE ${column} / 1000000 END`;
}

function changedOf(columns: ReadonlySet<string>): string {
  const found = ["date_edited", "date_retracted"].filter((name) => columns.has(name));
  return `max(${["0", "0", ...found.map((name) => msOf(`coalesce(m.${name}, 0)`))].join(", ")})`;
}

function selectOf(columns: ReadonlySet<string>): string {
  const optional = (name: string): string => `${columns.has(name) ? `m.${name}` : "NULL"} AS ${name}`;
  return `SELECT m.ROWID AS row, m.guid AS guid, m.text AS text, ${msOf("m.date")} AS sentMs, m.is_from_me AS isFromMe,
      ${columns.has("date_retracted") ? msOf("coalesce(m.date_retracted, 0)") : "0"} AS retractedMs,
      ${changedOf(columns)} AS changedMs,
      ${["attributedBody", "message_summary_info", "item_type", "associated_message_guid", "associated_message_type", "associated_message_emoji"].map(optional).join(", ")},
      ${optional("thread_originator_guid")},
      h.id AS handle, c.ROWID AS chat, c.guid AS chatGuid, c.style AS style, c.display_name AS title
    FROM message m
      LEFT JOIN handle h ON h.ROWID = m.handle_id
      LEFT JOIN chat c ON c.ROWID = (SELECT min(chat_id) FROM chat_message_join WHERE message_id = m.ROWID)`;
}

interface RowOptions {
  participants: (chat: number) => SourceHandle[];
  attachments: (row: number) => SourceAttachment[];
}

function readRow(record: Record<string, unknown>, options: RowOptions): ChatRow {
  const row = Number(record["row"]);
  const changedMs = Number(record["changedMs"]);
  const read = {
    row,
    isWithoutChat: record["chat"] === null,
    changedMs: changedMs > 0 ? changedMs + epochMs : undefined,
  };
  const guid = record["guid"];
  if (typeof guid !== "string") return { ...read, item: { fault: { reason: `row ${row} of chat.db has no guid` } } };
  const at = new Date(Number(record["sentMs"]) + epochMs).toISOString();
  const isFromOwner = record["isFromMe"] === 1;
  const sender = isFromOwner || typeof record["handle"] !== "string" ? undefined : toHandle(record["handle"]);
  const type = Number(record["associated_message_type"] ?? 0);
  const target = record["associated_message_guid"];
  if (type >= 2000 && type < 4000 && typeof target === "string") {
    const reaction = reactionOf(type, record["associated_message_emoji"]);
    const key = target.replace(/^(?:p:\d+\/|bp:)/, "");
    const isRemoved = type >= 3000;
    return {
      ...read,
      item: { reaction: { source: "imessage", target: key, sender, isFromOwner, reaction, isRemoved, at } },
    };
  }
  // Who joined, left or renamed a group; stickers and polls hang on another message.
  if (Number(record["item_type"] ?? 0) !== 0 || type !== 0) return { ...read, item: undefined };
  if (sender === undefined && !isFromOwner && record["chat"] === null)
    return { ...read, item: { fault: { reason: `message ${guid} of chat.db names neither its sender nor its chat` } } };
  const isGroup = Number(record["style"]) === groupStyle;
  const chat = record["chatGuid"];
  const body = record["attributedBody"];
  const decoded = body instanceof Uint8Array ? decodeAttributedBody(body) : undefined;
  const summary = record["message_summary_info"];
  const info = summary instanceof Uint8Array ? readMessageEdits(summary) : undefined;
  const versions = info?.versions ?? [];
  const lastOf = new Map(versions.map((version) => [version.part, version]));
  const latest = [...lastOf.values()].sort((one, other) => one.part - other.part).map((version) => version.text);
  const text = plain((record["text"] as string | null) || (decoded ?? latest.join("\n")));
  const attachments = options.attachments(row);
  const isEmpty = text === "" && attachments.length === 0;
  const wasRetracted = Number(record["retractedMs"]) > 0;
  // Of several parts one may be unsent alone.
  const isDeleted = info?.isUnsent === true || (isEmpty && changedMs > 0) || (wasRetracted && info === undefined);
  const edits = versions
    .filter((version) => lastOf.get(version.part) !== version)
    .map((version) => ({ at: new Date(version.atMs).toISOString(), text: plain(version.text) }));
  const reply = record["thread_originator_guid"];
  return {
    ...read,
    item: {
      message: {
        source: "imessage",
        externalId: guid,
        conversation: {
          id: typeof chat === "string" ? chat : (sender?.value ?? "unknown"),
          title: typeof record["title"] === "string" && record["title"] !== "" ? record["title"] : undefined,
          isGroup,
        },
        isFromOwner,
        sender,
        participants: record["chat"] === null ? [] : options.participants(Number(record["chat"])),
        sentAt: at,
        editedAt: changedMs > 0 ? new Date(changedMs + epochMs).toISOString() : undefined,
        edits: edits.length === 0 ? undefined : edits,
        text: isDeleted ? "" : text,
        isDeleted,
        attachments,
        replyTo: typeof reply === "string" ? reply : undefined,
      },
    },
  };
}

/** An object that is no text stands as one character in its place. */
function plain(text: string): string {
  return text.replaceAll("\ufffc", "").trim();
}

const tapbacks = ["loved", "liked", "disliked", "laughed", "emphasized", "questioned"];

function reactionOf(type: number, emoji: unknown): string {
  return typeof emoji === "string" && emoji !== "" ? emoji : (tapbacks[type % 1000] ?? "reacted");
}

/** `+46…`, an e-mail, or the short code of a business. */
function toHandle(id: string): SourceHandle {
  if (id.includes("@")) return { kind: "email", value: id };
  return { kind: /^\+?\d{5,}$/.test(id) ? "phone" : "username", value: id };
}

function toAttachment({ name, type, bytes }: Record<string, unknown>): SourceAttachment {
  return {
    name: typeof name === "string" ? name : undefined,
    mediaType: typeof type === "string" ? type : undefined,
    bytes: typeof bytes === "number" ? bytes : undefined,
  };
}
