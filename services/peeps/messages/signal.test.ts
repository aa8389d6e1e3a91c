import assert from "node:assert/strict";
import { test } from "node:test";
import { readSignalEnvelope } from "./signal.ts";
import type { MessageItem } from "./source-message.ts";

const owner = "+4670000000";
const from = {
  source: "+46701",
  sourceNumber: "+46701",
  sourceUuid: "u-1",
  sourceName: "Ida",
  timestamp: 1_700_000_000_000,
};

function read(envelope: object): MessageItem[] {
  return [...readSignalEnvelope({ account: owner, envelope: { ...from, ...envelope } }, owner)];
}

function only(envelope: object) {
  const [item] = read(envelope);
  return item !== undefined && "message" in item ? item.message : assert.fail("no message");
}

test("readSignalEnvelope() reads messages of others, in groups too, with attachments and what they answer", () => {
  const message = only({
    dataMessage: {
      timestamp: 1_700_000_000_000,
      message: "Hello",
      groupInfo: { groupId: "g=", type: "DELIVER", groupName: "Crew" },
      attachments: [{ filename: "a.png", contentType: "image/png", size: 3 }],
      quote: { id: 1_699_999_999_000, authorNumber: owner },
    },
  });
  assert.deepEqual(
    [message.externalId, message.text, message.sentAt, message.isFromOwner, message.conversation],
    [
      "+46701/1700000000000",
      "Hello",
      "2023-11-14T22:13:20.000Z",
      false,
      { id: "group:g=", title: "Crew", isGroup: true },
    ],
  );
  assert.deepEqual([message.sender?.name, message.replyTo], ["Ida", `${owner}/1699999999000`]);
  assert.deepEqual(message.attachments, [{ name: "a.png", mediaType: "image/png", bytes: 3 }]);
});

test("readSignalEnvelope() reads what the owner sent from another device", () => {
  const message = only({
    syncMessage: { sentMessage: { destinationNumber: "+46701", timestamp: 1_700_000_060_000, message: "On my way" } },
  });
  assert.deepEqual(
    [message.externalId, message.isFromOwner, message.sender, message.conversation.id],
    [`${owner}/1700000060000`, true, undefined, "+46701"],
  );
});

test("readSignalEnvelope() names the first message in an edit and a deletion", () => {
  const edited = only({
    editMessage: {
      targetSentTimestamp: 1_700_000_000_000,
      dataMessage: { timestamp: 1_700_000_060_000, message: "Hello!" },
    },
  });
  assert.deepEqual(
    [edited.externalId, edited.text, edited.editedAt],
    ["+46701/1700000000000", "Hello!", "2023-11-14T22:14:20.000Z"],
  );
  const deleted = only({
    dataMessage: { timestamp: 1_700_000_120_000, remoteDelete: { timestamp: 1_700_000_000_000 } },
  });
  assert.deepEqual([deleted.externalId, deleted.isDeleted, deleted.text], ["+46701/1700000000000", true, ""]);
});

test("readSignalEnvelope() reads reactions, and nothing of receipts and typing", () => {
  const reaction = { emoji: "👍", targetAuthorNumber: owner, targetSentTimestamp: 1_700_000_060_000, isRemove: false };
  const [item] = read({ dataMessage: { timestamp: 1_700_000_120_000, reaction } });
  assert.ok(item !== undefined && "reaction" in item);
  assert.deepEqual([item.reaction.target, item.reaction.reaction], [`${owner}/1700000060000`, "👍"]);
  assert.deepEqual(
    [...read({ receiptMessage: { isDelivery: true } }), ...read({ typingMessage: { action: "STARTED" } })],
    [],
  );
});

test("readSignalEnvelope() tells of an envelope without a sender", () => {
  const [item] = readSignalEnvelope({ envelope: { dataMessage: { timestamp: 1, message: "x" } } }, owner);
  assert.deepEqual(item, { fault: { reason: "a Signal envelope names neither its time nor its sender" } });
});
