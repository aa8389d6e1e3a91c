import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError, timeZoneOf } from "@roost/base";
import { readWhatsApp, type WhatsAppOptions } from "./whatsapp.ts";

const zone = timeZoneOf("Europe/Berlin");

function read(lines: string[], options: Partial<WhatsAppOptions> = {}) {
  return readWhatsApp(lines.join("\n"), { zone, title: "Ida", ...options });
}

const refused = (words: RegExp) => (error: unknown) =>
  error instanceof RoostError && error.code === "invalid_input" && words.test(error.message);

for (const [name, lines] of Object.entries({
  "Android, day first": ["31/12/2023, 21:05 - Ida: Hello", "01/01/2024, 00:01 - Me: Happy new year"],
  "Android, month first with half days": [
    "12/31/23, 9:05\u202fPM - Ida: Hello",
    "1/1/24, 12:01\u202fAM - Me: Happy new year",
  ],
  "iPhone, dots": ["[31.12.23, 21:05:00] Ida: Hello", "\u200e[01.01.24, 00:01:00] Me: Happy new year"],
  "iPhone, dashes and year first": ["[2023-12-31, 21:05:00] Ida: Hello", "[2024-01-01, 00:01:00] Me: Happy new year"],
  "Spanish half days": ["31/12/23, 9:05 p. m. - Ida: Hello", "1/1/24, 12:01 a. m. - Me: Happy new year"],
  "French words": ["31/12/2023 à 21:05 - Ida: Hello", "01/01/2024 à 00:01 - Me: Happy new year"],
  "Finnish words": ["31.12.2023 klo 21.05 - Ida: Hello", "1.1.2024 klo 0.01 - Me: Happy new year"],
  "Bulgarian years": ["31.12.23 г., 21:05 - Ida: Hello", "1.01.24 г., 0:01 - Me: Happy new year"],
  "Hungarian dots": ["2023. 12. 31. 21:05 - Ida: Hello", "2024. 01. 01. 0:01 - Me: Happy new year"],
  "Korean signs": ["2023년 12월 31일 오후 9:05, Ida : Hello", "2024년 1월 1일 오전 12:01, Me : Happy new year"],
  "Chinese half days": ["[2023/12/31 晚上9:05:00] Ida: Hello", "[2024/1/1 凌晨12:01:00] Me: Happy new year"],
  "Arabic digits": [
    "٣١\u200f/١٢\u200f/٢٠٢٣، ٩:٠٥ م - Ida: Hello",
    "١\u200f/١\u200f/٢٠٢٤، ١٢:٠١ ص - Me: Happy new year",
  ],
}))
  test(`readWhatsApp() reads lines of ${name}`, () => {
    const { messages } = read(lines);
    assert.deepEqual(
      messages.map(({ sentAt, text, isFromOwner }) => [sentAt, text, isFromOwner]),
      [
        ["2023-12-31T20:05:00.000Z", "Hello", false],
        ["2023-12-31T23:01:00.000Z", "Happy new year", true],
      ],
    );
  });

test("readWhatsApp() infers day and month from time going forward", () => {
  const days = (...lines: string[]) =>
    read(lines.map((day) => `${day}, 10:00 - Ida: x`)).messages.map(({ sentAt }) => sentAt.slice(0, 10));
  assert.deepEqual(days("1/2/2024", "1/3/2024", "2/1/2024"), ["2024-01-02", "2024-01-03", "2024-02-01"]);
  assert.deepEqual(days("1/2/2024", "2/2/2024", "1/3/2024"), ["2024-02-01", "2024-02-02", "2024-03-01"]);
});

test("readWhatsApp() refuses dates that may be read both ways, unless the order is given", () => {
  const lines = ["1/2/2024, 10:00 - Ida: x", "3/4/2024, 10:00 - Ida: y"];
  assert.throws(() => read(lines), refused(/1\/2\/2024 may be read day first or month first.*--date-order/));
  assert.equal(read(lines, { dateOrder: "day-first" }).messages[0]?.sentAt, "2024-02-01T09:00:00.000Z");
});

test("readWhatsApp() keeps the lines of a message together, counts WhatsApp's own, and finds attachments", () => {
  const { messages, notices } = read([
    "13/1/2024, 10:00 - Messages and calls are end-to-end encrypted.",
    "13/1/2024, 10:01 - Ida: first line",
    "second: line",
    "",
    "13/1/2024, 10:02 - Ida: <Media omitted>",
    "13/1/2024, 10:03 - Ida: IMG-20240113-WA0001.jpg (file attached)",
    "look at this",
    "13/1/2024, 10:04 - Ida: This message was deleted",
  ]);
  assert.equal(notices, 1);
  assert.deepEqual(
    messages.map(({ text, attachments, isDeleted }) => [text, attachments, isDeleted]),
    [
      ["first line\nsecond: line", [], false],
      ["", [{}], false],
      ["look at this", [{ name: "IMG-20240113-WA0001.jpg" }], false],
      ["", [], true],
    ],
  );
});

test("readWhatsApp() gives the same ids when a longer export is read, and tells equal messages apart", () => {
  const lines = ["13/1/2024, 10:00 - Ida: ok", "13/1/2024, 10:00 - Ida: ok"];
  const [short, long] = [read(lines), read([...lines, "14/1/2024, 10:00 - Me: ok"])];
  const ids = ({ messages }: typeof short) => messages.map(({ externalId }) => externalId);
  assert.deepEqual(ids(long).slice(0, 2), ids(short));
  assert.equal(new Set(ids(long)).size, 3);
});

test("readWhatsApp() asks who the owner is in a group, and reads numbers as handles", () => {
  const lines = ["13/1/2024, 10:00 - Ida: a", "13/1/2024, 10:01 - +46 70 123 45 67: b", "13/1/2024, 10:02 - Me: c"];
  assert.throws(() => read(lines, { title: "Crew" }), refused(/--me with one of: Ida, \+46 70 123 45 67, Me/));
  const { messages } = read(lines, { title: "Crew", ownerName: "Me" });
  assert.deepEqual(messages[1]?.sender, { kind: "phone", value: "+46 70 123 45 67" });
  assert.deepEqual([messages[0]?.conversation.isGroup, messages[2]?.sender], [true, undefined]);
});

test("readWhatsApp() makes no person of what WhatsApp says itself, and no day that does not exist", () => {
  const { messages, notices } = read(
    [
      "[13/1/24, 10:00:00] Crew: \u200eMessages and calls are end-to-end encrypted.",
      '[13/1/24, 10:01:00] Ida named the group "Rome: in May"',
      "[13/1/24, 10:02:00] Ida: we met on",
      "30/2/24, 10:00 - or so: I think",
      "[13/1/24, 10:03:00] Me: yes \u200e<This message was edited>",
    ],
    { title: "WhatsApp-Chat mit Ida" },
  );
  assert.equal(notices, 2);
  assert.deepEqual(
    messages.map(({ text, isFromOwner }) => [text, isFromOwner]),
    [
      ["we met on\n30/2/24, 10:00 - or so: I think", false],
      ["yes", true],
    ],
  );
  assert.deepEqual(messages[0]?.conversation, { id: "Ida", title: "Ida", isGroup: false });
  assert.throws(
    () => read(["1/2/24, 10:00 - Ida: x", "1/13/24, 10:00 - Ida: y"], { dateOrder: "day-first" }),
    refused(/line 2 has the date 1\/13\/24, which is none when it is read day-first/),
  );
});

test("readWhatsApp() reads a line with a long row of marks in one pass", { timeout: 60_000 }, () => {
  const marks = `1/1/24${"\u200e".repeat(60_000)}`;
  const { messages } = read(["13/1/2024, 10:00 - Ida: see", marks, "13/1/2024, 10:01 - Me: yes"]);
  assert.deepEqual(
    messages.map(({ text }) => text),
    [`see\n${marks}`, "yes"],
  );
});

test("readWhatsApp() refuses a file that is no chat", () => {
  assert.throws(() => read(["name,phone", "Ida,1"]), refused(/not a WhatsApp chat export/));
});
