import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { readMonica } from "./read-monica.ts";

const list = (type: string, values: unknown[]) => ({ count: values.length, type, values });

const account = {
  data: [
    list("contact", [
      {
        uuid: "ida",
        properties: {
          first_name: "Ida",
          last_name: "Berg",
          nickname: "Captain",
          job: "Captain",
          company: "Ferry Ltd",
          tags: ["crew"],
          gender: "g-1",
          stay_in_touch_frequency: 30,
          birthdate: { is_age_based: false, is_year_unknown: true, date: "2020-02-29T00:00:00.000000Z" },
          first_met_date: { is_age_based: true, is_year_unknown: false, date: "1999-01-01T00:00:00.000000Z" },
        },
        data: [
          list("contact_field", [
            { uuid: "f1", properties: { data: "ida@example.org", type: "t-mail" } },
            { uuid: "f2", properties: { data: "+46 70 1", type: "t-phone" } },
            { uuid: "f3", properties: { data: "@ida", type: "t-telegram" } },
          ]),
          list("note", [{ uuid: "n", properties: { body: "Her partner is Mats" } }]),
          list("call", [
            { uuid: "c", properties: { called_at: "2024-05-01T10:00:00Z", content: "hello", contact_called: true } },
          ]),
          list("conversation", [
            {
              uuid: "v",
              properties: {
                happened_at: "2024-05-02T00:00:00Z",
                messages: [{ properties: { content: "hi", written_at: "2024-05-02T10:00:00Z", written_by_me: true } }],
              },
            },
          ]),
          list("activity", ["a-1"]),
          list("pet", [{ uuid: "p", properties: { name: "Rex", category: "Dog" } }]),
        ],
      },
      { uuid: "mats", properties: { first_name: "Mats", is_partial: true } },
      { uuid: "nameless", properties: {} },
    ]),
    list("relationship", [
      { uuid: "r1", properties: { type: "partner", contact_is: "mats", of_contact: "ida" } },
      { uuid: "r2", properties: { type: "friend", contact_is: "gone", of_contact: "ida" } },
    ]),
    list("activity", [{ uuid: "a-1", properties: { summary: "Dinner", happened_at: "2024-06-01" } }]),
  ],
  instance: {
    contact_field_types: [
      { uuid: "t-mail", properties: { name: "Email" } },
      { uuid: "t-phone", properties: { name: "Phone" } },
      { uuid: "t-telegram", properties: { name: "Telegram" } },
    ],
    genders: [{ uuid: "g-1", properties: { name: "Woman" } }],
  },
};

test("readMonica() reads people, their handles, dates, relations, notes and what was spoken", () => {
  const { contacts, faults } = readMonica(JSON.stringify({ version: "1.0-preview.1", account }));
  const [ida, mats] = contacts;
  assert.ok(ida !== undefined && mats !== undefined);
  assert.deepEqual(
    [ida.name.full, ida.name.nicknames, ida.organization, ida.gender],
    ["Ida Berg", ["Captain"], "Ferry Ltd", "Woman"],
  );
  assert.deepEqual(
    ida.handles.map(({ kind, service, value }) => [kind, service, value]),
    [
      ["email", undefined, "ida@example.org"],
      ["phone", undefined, "+46 70 1"],
      ["username", "telegram", "@ida"],
    ],
  );
  assert.deepEqual(ida.dates, [
    { label: "birthday", date: { month: 2, day: 29 } },
    { label: "first met", date: { year: 1999 } },
  ]);
  assert.deepEqual(ida.relations, [{ type: "partner", key: "mats" }]);
  assert.deepEqual(
    [ida.tags, ida.notes, ida.keepInTouchDays, mats.isPartial],
    [["crew"], ["Her partner is Mats"], 30, true],
  );
  assert.deepEqual(ida.interactions, [
    { kind: "call", at: "2024-05-01T10:00:00.000Z", isFromOwner: false, text: "hello" },
    { kind: "message", at: "2024-05-02T10:00:00.000Z", isFromOwner: true, text: "hi" },
    { kind: "meeting", at: "2024-06-01T00:00:00.000Z", isFromOwner: true, text: "Dinner" },
  ]);
  assert.deepEqual(ida.rest, ["pet: name Rex, category Dog"]);
  assert.deepEqual(
    faults.map(({ reason }) => reason),
    ["contact 3 of the account has no name", "relationship r2 names a contact that is not in the file"],
  );
});

test("readMonica() refuses what is not its export", () => {
  for (const text of ["", "{", "[]", '{"account": 1}'])
    assert.throws(
      () => readMonica(text),
      (error) => error instanceof RoostError && error.code === "invalid_input",
    );
});
