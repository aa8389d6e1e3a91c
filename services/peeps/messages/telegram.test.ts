import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { readTelegram } from "./telegram.ts";

const chat = {
  name: "Ida",
  type: "personal_chat",
  id: 77,
  messages: [
    { id: 1, type: "service", date_unixtime: "1700000000", action: "create_group" },
    {
      id: 2,
      type: "message",
      date: "2023-11-14T23:13:20",
      date_unixtime: "1700000000",
      from: "Ida",
      from_id: "user5",
      text: "Hello",
    },
    {
      id: 3,
      type: "message",
      date_unixtime: "1700000060",
      edited_unixtime: "1700000120",
      from: "Me",
      from_id: "user1",
      reply_to_message_id: 2,
      text: ["see ", { type: "link", text: "https://example.org" }, "!"],
      file: "files/plan.pdf",
      mime_type: "application/pdf",
      reactions: [
        {
          type: "emoji",
          emoji: "👍",
          count: 1,
          recent: [{ from: "Ida", from_id: "user5", date: "2023-11-14T23:20:00" }],
        },
      ],
    },
    {
      id: 4,
      type: "message",
      date_unixtime: "1700000180",
      from: "Ida",
      from_id: "user5",
      forwarded_from: "News",
      text: "Storm",
    },
    { type: "message", text: "broken" },
  ],
};
const account = { personal_information: { user_id: 1 }, chats: { list: [chat] } };

test("readTelegram() reads text in pieces, edits, answers, files, reactions and what was forwarded", () => {
  const items = [...readTelegram(JSON.stringify(account))];
  const messages = items.flatMap((item) => ("message" in item ? [item.message] : []));
  assert.deepEqual(
    messages.map(({ externalId, text, isFromOwner, sentAt }) => [externalId, text, isFromOwner, sentAt]),
    [
      ["77/2", "Hello", false, "2023-11-14T22:13:20.000Z"],
      ["77/3", "see https://example.org!", true, "2023-11-14T22:14:20.000Z"],
      ["77/4", "Forwarded from News:\nStorm", false, "2023-11-14T22:16:20.000Z"],
    ],
  );
  const [, second] = messages;
  assert.deepEqual(
    [second?.replyTo, second?.editedAt, second?.sender],
    ["77/2", "2023-11-14T22:15:20.000Z", undefined],
  );
  assert.deepEqual(second?.attachments, [{ name: "plan.pdf", mediaType: "application/pdf", bytes: undefined }]);
  assert.deepEqual(second?.participants, [{ kind: "username", value: "user5", name: "Ida" }]);
  const reactions = items.flatMap((item) => ("reaction" in item ? [item.reaction] : []));
  assert.deepEqual(
    reactions.map(({ target, reaction, sender }) => [target, reaction, sender?.value]),
    [["77/3", "👍", "user5"]],
  );
  assert.deepEqual(items.at(-1), { fault: { reason: "message  of chat Ida has no id or date" } });
});

test("readTelegram() reads the export of one chat when it is said who the owner is, and asks otherwise", () => {
  const refused = (error: unknown) =>
    error instanceof RoostError &&
    error.code === "invalid_input" &&
    /--me with one of user5 \(Ida\), user1 \(Me\)/.test(error.message);
  assert.throws(() => [...readTelegram(JSON.stringify(chat))], refused);
  const [first] = readTelegram(JSON.stringify(chat), { ownerId: "user5" });
  assert.ok(first !== undefined && "message" in first && first.message.isFromOwner);
});

test("readTelegram() knows people of exports that name them by a number", () => {
  const old = { name: "Ida", type: "personal_chat", id: 5, messages: [] as object[] };
  for (const [id, from_id] of [5, 1].entries())
    old.messages.push({ id, type: "message", date: "2019-03-04T05:06:07", from: "x", from_id, text: "a" });
  const found = [...readTelegram(JSON.stringify(old), { ownerId: "user1" })];
  assert.deepEqual(
    found.map((item) => "message" in item && [item.message.sender?.value, item.message.isFromOwner]),
    [
      ["user5", false],
      [undefined, true],
    ],
  );
});

test("readTelegram() refuses what is not its export", () => {
  for (const text of ["", "<html>", "{}", '{"chats":{"list":[]}}'])
    assert.throws(
      () => [...readTelegram(text)],
      (error) => error instanceof RoostError && error.code === "invalid_input",
      text,
    );
});
