import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { readSlack, type SlackFile } from "./slack.ts";

const file = (path: string, value: unknown): SlackFile => ({
  path,
  read: () => (typeof value === "string" ? value : JSON.stringify(value)),
});

const home: SlackFile[] = [
  file("users.json", [
    { id: "U1", name: "me", profile: { real_name: "Me", email: "me@example.org" } },
    { id: "U2", name: "ida", profile: { display_name: "Ida", email: "ida@example.org" } },
    { id: "U3", name: "guest", profile: {} },
  ]),
  file("channels.json", [{ id: "C1", name: "general", members: ["U1", "U2", "U3"] }]),
  file("dms.json", [{ id: "D1", members: ["U1", "U2"] }]),
];

const message = (more: object) => ({ type: "message", user: "U2", ts: "1700000000.000100", text: "hi", ...more });

test("readSlack() reads channels and direct messages with names, threads, edits, files and reactions", () => {
  const items = [
    ...readSlack(
      [
        ...home,
        file("general/2023-11-14.json", [
          message({
            text: "<@U1> see <https://example.org|this> &amp; <#C1|general>",
            reactions: [{ name: "eyes", users: ["U1"] }],
          }),
          message({
            ts: "1700000060.000200",
            user: "U1",
            thread_ts: "1700000000.000100",
            edited: { ts: "1700000120.0" },
          }),
          message({ subtype: "channel_join" }),
          message({ ts: "broken" }),
        ]),
        file("D1/2023-11-15.json", [message({ files: [{ name: "a.png", mimetype: "image/png", size: 3 }] })]),
        file("gone/2023-11-15.json", [message({})]),
        file("general/2023-11-16.json", "{torn"),
      ],
      { owner: "me@example.org" },
    ),
  ];
  const messages = items.flatMap((item) => ("message" in item ? [item.message] : []));
  assert.deepEqual(
    messages.map(({ externalId, text, isFromOwner, conversation: { isGroup } }) => [
      externalId,
      text,
      isFromOwner,
      isGroup,
    ]),
    [
      ["C1/1700000000.000100", "@Me see this (https://example.org) & #general", false, true],
      ["C1/1700000060.000200", "hi", true, true],
      ["D1/1700000000.000100", "hi", false, false],
    ],
  );
  const [first, second, third] = messages;
  assert.deepEqual(first?.sender, { kind: "email", value: "ida@example.org", name: "Ida" });
  assert.deepEqual(first?.participants[1], { kind: "username", value: "U3", name: "guest" });
  assert.deepEqual([second?.replyTo, second?.editedAt], ["C1/1700000000.000100", "2023-11-14T22:15:20.000Z"]);
  assert.deepEqual(third?.attachments, [{ name: "a.png", mediaType: "image/png", bytes: 3 }]);
  assert.deepEqual(
    items.flatMap((item) =>
      "reaction" in item ? [[item.reaction.target, item.reaction.reaction, item.reaction.isFromOwner]] : [],
    ),
    [["C1/1700000000.000100", ":eyes:", true]],
  );
  assert.deepEqual(
    items.flatMap((item) => ("fault" in item ? [item.fault] : [])),
    [
      { file: "general/2023-11-14.json", reason: "message 4 has no ts or no user" },
      { file: "gone/2023-11-15.json", reason: "belongs to a conversation that no list of the export names" },
      { file: "general/2023-11-16.json", reason: "is not a list of messages" },
    ],
  );
});

test("readSlack() refuses an export without people, and an owner who is not in it", () => {
  const refused = (words: RegExp) => (error: unknown) => error instanceof RoostError && words.test(error.message);
  assert.throws(() => [...readSlack([], { owner: "U1" })], refused(/no users\.json/));
  assert.throws(() => [...readSlack(home, { owner: "U9" })], refused(/"U9" is not in this workspace: give --me/));
});
