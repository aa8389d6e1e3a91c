import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import type { SourceMessage } from "../messages/source-message.ts";
import { buildBinary } from "plist";
import { bodyOf, createChatDb, epoch, sent, write } from "./create-chat-db.fixture.ts";
import { openChatDb, type ChatRow } from "./open-chat-db.ts";

function messagesOf(rows: readonly ChatRow[]): SourceMessage[] {
  return rows.flatMap(({ item }) => (item !== undefined && "message" in item ? [item.message] : []));
}

/** The head of a typedstream, its string, and what follows. */
function attributedBody(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  const size =
    bytes.length < 0x80 ? Buffer.from([bytes.length]) : Buffer.from([0x81, bytes.length & 0xff, bytes.length >> 8]);
  return Buffer.concat([
    Buffer.from("\u0004\u000bstreamtyped\u0084\u0001@", "latin1"),
    Buffer.from([0x84, 0x01, 0x2b]),
    size,
    bytes,
    Buffer.from([0x86]),
  ]);
}

test("openChatDb() reads texts, bodies, groups, attachments and answers", (t) => {
  const { path, writer } = createChatDb(t);
  write(writer, { guid: "a", text: "Hello", handle_id: 1, date: sent }, 1);
  write(
    writer,
    {
      guid: "b",
      text: null,
      attributedBody: attributedBody(`${"long ".repeat(40)}ö`),
      is_from_me: 1,
      date: sent + 1e9,
      thread_originator_guid: "a",
    },
    1,
  );
  const row = write(writer, { guid: "c", text: "\ufffc", handle_id: 2, date: sent + 2e9 }, 2);
  writer.exec(
    `INSERT INTO attachment VALUES (1, 'a.png', 'image/png', 3); INSERT INTO message_attachment_join VALUES (${row}, 1)`,
  );
  using db = openChatDb(path);
  const messages = messagesOf(db.readRows({ after: 0, limit: 10 }));
  assert.deepEqual(
    messages.map(({ externalId, text, isFromOwner, sender, sentAt }) => [
      externalId,
      text,
      isFromOwner,
      sender?.value,
      sentAt,
    ]),
    [
      ["a", "Hello", false, "+46701234567", "2023-11-14T22:13:20.000Z"],
      ["b", `${"long ".repeat(40)}ö`, true, undefined, "2023-11-14T22:13:21.000Z"],
      ["c", "", false, "ida@example.org", "2023-11-14T22:13:22.000Z"],
    ],
  );
  assert.equal(messages[1]?.replyTo, "a");
  assert.deepEqual(messages[2]?.conversation, { id: "iMessage;+;chat1", title: "Crew", isGroup: true });
  assert.deepEqual(
    messages[2]?.participants.map(({ value }) => value),
    ["+46701234567", "ida@example.org"],
  );
  assert.deepEqual(messages[2]?.attachments, [{ name: "a.png", mediaType: "image/png", bytes: 3 }]);
  assert.deepEqual(
    db.readRows({ after: 1, limit: 1 }).map((read) => read.row),
    [2],
  );
});

test("openChatDb() reads tapbacks as reactions, and no rows of who joined", (t) => {
  const { path, writer } = createChatDb(t);
  const reaction = { handle_id: 1, date: sent, associated_message_guid: "p:0/a" };
  write(writer, { guid: "r1", ...reaction, associated_message_type: 2001 }, 1);
  write(writer, { guid: "r2", ...reaction, associated_message_type: 3001, associated_message_guid: "bp:a" }, 1);
  write(writer, { guid: "r3", ...reaction, associated_message_type: 2006, associated_message_emoji: "🛶" }, 1);
  write(writer, { guid: "j", handle_id: 1, date: sent, item_type: 1 }, 1);
  using db = openChatDb(path);
  assert.deepEqual(
    db
      .readRows({ after: 0, limit: 10 })
      .map(({ item }) =>
        item !== undefined && "reaction" in item
          ? [item.reaction.target, item.reaction.reaction, item.reaction.isRemoved]
          : item,
      ),
    [["a", "liked", false], ["a", "liked", true], ["a", "🛶", false], undefined],
  );
});

test("openChatDb() sees commits of another program, rows that get their chat later, edits and unsending", (t) => {
  const { path, writer } = createChatDb(t);
  using db = openChatDb(path);
  const before = db.dataVersion();
  const row = write(writer, { guid: "a", text: "Helo", handle_id: 1, date: sent });
  assert.notEqual(db.dataVersion(), before);
  const [early] = db.readRows({ after: 0, limit: 10 });
  assert.deepEqual([early?.isWithoutChat, db.lastRow()], [true, row]);
  writer.exec(`INSERT INTO chat_message_join VALUES (2, ${row})`);
  assert.equal(messagesOf(db.readAgain([row]))[0]?.conversation.title, "Crew");
  writer.exec(`UPDATE message SET text = 'Hello', date_edited = ${sent + 60e9} WHERE ROWID = ${row}`);
  const changed = db.readChanged({ upTo: row, afterMs: 1_700_000_000_000, limit: 10 });
  assert.deepEqual(
    [messagesOf(changed)[0]?.text, messagesOf(changed)[0]?.editedAt, changed[0]?.changedMs],
    ["Hello", "2023-11-14T22:14:20.000Z", 1_700_000_060_000],
  );
  assert.deepEqual(db.readChanged({ upTo: row, afterMs: 1_700_000_060_000, limit: 10 }), []);
  const ec = {
    "0": [
      { d: 721_692_800, t: bodyOf("Helo") },
      { d: 721_692_860, t: bodyOf("Hello!") },
    ],
  };
  const info = (value: object) =>
    writer
      .prepare("UPDATE message SET text = NULL, date_retracted = ?, message_summary_info = ? WHERE ROWID = ?")
      .run(sent + 60e9, buildBinary({ ec, otr: { "0": {}, "1": {} }, ...value }), row);
  const again = () => messagesOf(db.readAgain([row]))[0];
  info({ rp: [1] });
  assert.deepEqual(
    [again()?.isDeleted, again()?.text, again()?.edits],
    [false, "Hello!", [{ at: "2023-11-14T22:13:20.000Z", text: "Helo" }]],
  );
  info({ rp: [0, 1] });
  assert.deepEqual([again()?.isDeleted, again()?.text], [true, ""]);
  writer.exec(`UPDATE message SET message_summary_info = NULL WHERE ROWID = ${row}`);
  writer.exec(`UPDATE message SET text = NULL, date_retracted = ${sent + 120e9} WHERE ROWID = ${row}`);
  const [unsent] = messagesOf(db.readChanged({ upTo: row, afterMs: 1_700_000_060_000, limit: 10 }));
  assert.deepEqual([unsent?.isDeleted, unsent?.text], [true, ""]);
});

test("openChatDb() reads the columns of old systems, and dates in seconds", (t) => {
  const { path, writer } = createChatDb(t, "old");
  write(writer, { guid: "a", text: "Hello", handle_id: 3, date: 1_400_000_000 - epoch }, 1);
  using db = openChatDb(path);
  const [message] = messagesOf(db.readRows({ after: 0, limit: 10 }));
  assert.deepEqual([message?.sentAt, message?.sender], ["2014-05-13T16:53:20.000Z", { kind: "phone", value: "22000" }]);
  assert.deepEqual(db.readChanged({ upTo: 10, afterMs: 0, limit: 10 }), []);
});

test("openChatDb() says that there is no file, and what a file that cannot be read needs", (t) => {
  const { path } = createChatDb(t);
  const refused = (code: string, words: RegExp) => (error: unknown) =>
    error instanceof RoostError && error.code === code && words.test(error.message);
  assert.throws(() => openChatDb(`${path}.gone`), refused("not_found", /there is no /));
  assert.throws(() => openChatDb("/dev/null"), refused("forbidden", /Full Disk Access/));
});
