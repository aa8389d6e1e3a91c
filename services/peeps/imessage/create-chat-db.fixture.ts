/** A chat.db with the tables that are read, and rows in it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";

export const epoch = 978_307_200;
/** 14 November 2023, 22:13:20 UTC, on Apple's clock. */
export const sent = (1_700_000_000 - epoch) * 1e9;

/** The tables of chat.db as far as they are read; `old` is the shape before edits and threads. */
export function createChatDb(t: TestContext, shape: "new" | "old" = "new"): { path: string; writer: DatabaseSync } {
  const directory = mkdtempSync(join(tmpdir(), "chat-db-"));
  const path = join(directory, "chat.db");
  const writer = new DatabaseSync(path);
  const more =
    shape === "old"
      ? ""
      : ", attributedBody BLOB, message_summary_info BLOB, item_type INTEGER DEFAULT 0, associated_message_guid TEXT, associated_message_type INTEGER DEFAULT 0, associated_message_emoji TEXT, date_edited INTEGER DEFAULT 0, date_retracted INTEGER DEFAULT 0, thread_originator_guid TEXT";
  writer.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT, text TEXT, handle_id INTEGER, date INTEGER, is_from_me INTEGER DEFAULT 0${more});
    CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT);
    CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, guid TEXT, style INTEGER, display_name TEXT);
    CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);
    CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER);
    CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY, transfer_name TEXT, mime_type TEXT, total_bytes INTEGER);
    CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER);
    INSERT INTO handle VALUES (1, '+46701234567'), (2, 'ida@example.org'), (3, '22000');
    INSERT INTO chat VALUES (1, 'iMessage;-;+46701234567', 45, NULL), (2, 'iMessage;+;chat1', 43, 'Crew');
    INSERT INTO chat_handle_join VALUES (1, 1), (2, 1), (2, 2);`);
  t.after(() => {
    writer.close();
    rmSync(directory, { recursive: true });
  });
  return { path, writer };
}

export function write(
  writer: DatabaseSync,
  message: Record<string, string | number | Uint8Array | null>,
  chat?: number,
): number {
  const row = { date: sent, ...message };
  const names = Object.keys(row);
  const values = Object.values(row);
  const sql = `INSERT INTO message (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
  const id = Number(writer.prepare(sql).run(...values).lastInsertRowid);
  if (chat !== undefined) writer.prepare("INSERT INTO chat_message_join VALUES (?, ?)").run(chat, id);
  return id;
}

/** An `attributedBody` with a text of less than 128 bytes. */
export function bodyOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x04, 0x0b, 0x84, 0x01, 0x40, 0x84, 0x01, 0x2b, bytes.length]), bytes]);
}
