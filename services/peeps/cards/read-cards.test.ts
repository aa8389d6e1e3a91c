import assert from "node:assert/strict";
import { test } from "node:test";
import { cardContact } from "./card-contact.ts";
import { splitCards } from "./split-cards.ts";
import { cardLimits, readCards, type CardFault } from "./read-cards.ts";
import type { Contact } from "../contacts/contact.ts";

function read(file: string | Uint8Array): { contacts: Contact[]; faults: CardFault[] } {
  const found = [...readCards(typeof file === "string" ? Buffer.from(file) : file)];
  return {
    contacts: found.flatMap((item) => ("card" in item ? [cardContact(item.card) ?? assert.fail("no name")] : [])),
    faults: found.flatMap((item) => ("fault" in item ? [item.fault] : [])),
  };
}

function only(file: string | Uint8Array): Contact {
  const { contacts, faults } = read(file);
  assert.deepEqual(faults, []);
  return contacts.length === 1 && contacts[0] !== undefined ? contacts[0] : assert.fail(`${contacts.length} contacts`);
}

const card = (lines: string[], end = "\r\n"): string => ["BEGIN:VCARD", ...lines, "END:VCARD", ""].join(end);

for (const [name, end] of Object.entries({ CRLF: "\r\n", LF: "\n", CR: "\r", "CRCRLF of an old phone": "\r\r\n" }))
  test(`readCards() reads lines that end with ${name}, folded ones too`, () => {
    const contact = only(card(["VERSION:3.0", "FN:Ida", `NOTE:a long`, "  line"], end));
    assert.deepEqual(contact.notes, ["a long line"]);
  });

test("readCards() reads parameters without a name, soft line breaks and charsets of vCard 2.1", () => {
  const contact = only(
    card([
      "VERSION:2.1",
      "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;",
      "FN;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:J=F6rg M=FCller",
      "TEL;CELL;PREF:0151 2345678",
      "EMAIL;INTERNET;WORK:joerg@example.org",
      "NOTE;ENCODING=QUOTED-PRINTABLE:first=0D=0Asecond line that is =",
      "broken softly",
    ]),
  );
  assert.deepEqual([contact.name.full, contact.name.family, contact.name.given], ["Jörg Müller", "Müller", "Jörg"]);
  assert.deepEqual(contact.handles, [
    { kind: "phone", value: "0151 2345678", label: "cell", isPreferred: true },
    { kind: "email", value: "joerg@example.org", label: "work", isPreferred: false },
  ]);
  assert.deepEqual(contact.notes, ["first\nsecond line that is broken softly"]);
});

test("readCards() reads bytes that are not UTF-8 as Windows-1252, and files of UTF-16", () => {
  assert.equal(only(Buffer.from(card(["VERSION:3.0", "FN:Zoë"]), "latin1")).name.full, "Zoë");
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(card(["VERSION:3.0", "FN:Зоя"]), "utf16le")]);
  assert.equal(only(utf16).name.full, "Зоя");
});

test("readCards() reads pictures whose lines are folded, and ones whose lines are not", () => {
  const base64 = Buffer.from("a picture of somebody, long enough for two lines").toString("base64");
  const lines = [base64.slice(0, 40), base64.slice(40)];
  for (const fold of [" ", ""]) {
    const { photo } = only(
      card(["VERSION:2.1", "FN:Ida", `PHOTO;JPEG;ENCODING=BASE64:${lines[0]}`, fold + lines[1], ""]),
    );
    assert.ok(photo !== undefined && "bytes" in photo);
    assert.deepEqual([Buffer.from(photo.bytes).toString("base64"), photo.mediaType], [base64, "image/jpeg"]);
  }
});

test("readCards() reads the groups, labels, relations and dates of Apple's cards", () => {
  const contact = only(
    card([
      "VERSION:3.0",
      "FN:Ida",
      "item1.TEL:+31 6 12345678",
      "item1.X-ABLabel:Boat",
      "item2.X-ABRELATEDNAMES:Mats",
      "item2.X-ABLabel:_$!<Spouse>!$_",
      "item3.X-ABDATE:1999-05-01",
      "item3.X-ABLabel:_$!<Anniversary>!$_",
      "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29",
      "X-SOCIALPROFILE;type=mastodon;x-user=ida:https://example.social/@ida",
    ]),
  );
  assert.equal(contact.handles[0]?.label, "Boat");
  assert.deepEqual(contact.relations, [{ type: "spouse", name: "Mats" }]);
  assert.deepEqual(contact.dates, [
    { label: "anniversary", date: { year: 1999, month: 5, day: 1 } },
    { label: "birthday", date: { year: undefined, month: 2, day: 29 } },
  ]);
  assert.deepEqual([contact.handles[1]?.service, contact.handles[1]?.value], ["mastodon", "ida"]);
});

test("readCards() keeps a colon and a semicolon within quotes, and carets of RFC 6868", () => {
  const contact = only(
    card(["VERSION:4.0", "FN:Ida", 'ADR;LABEL="a: b; c^n^\'d^\'";TYPE="home,work":;;Road 1;;;;', "X-A:b"]),
  );
  assert.deepEqual([contact.addresses[0]?.street, contact.addresses[0]?.label], ["Road 1", "home work"]);
  assert.deepEqual(contact.rest, ["X-A: b"]);
});

test("cardContact() reads what Android and Apple write in ways of their own", () => {
  const android = only(
    card([
      "VERSION:2.1",
      "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=",
      "=D0=B0=D0=BD",
      "TEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=D0=94=D0=BE=D0=BC):+7 912 345-67-89",
      "TEL;X-Boat House:+46701234567",
      "ADR;HOME;ENCODING=QUOTED-PRINTABLE:;;Road=0D=0A1;;;;",
      "BDAY:1604-02-29",
      "X-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Vanya;1;;",
      "X-ANDROID-CUSTOM:vnd.android.cursor.item/relation;Masha;14;;",
      "X-ANDROID-CUSTOM:vnd.android.cursor.item/relation;Oleg;0;skipper;",
      "X-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;--02-29;3;;",
      "X-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;2015-06-20;1;;",
      "X-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;soon;1;;",
    ]),
  );
  assert.deepEqual(
    [android.name.full, android.name.nicknames, android.addresses[0]?.street],
    ["Иван", ["Vanya"], "Road\n1"],
  );
  assert.deepEqual(
    android.handles.map(({ label }) => label),
    ["дом", "boat house"],
  );
  assert.deepEqual(android.relations, [
    { type: "spouse", name: "Masha" },
    { type: "skipper", name: "Oleg" },
  ]);
  assert.deepEqual(android.dates, [
    { label: "birthday", date: { year: undefined, month: 2, day: 29 } },
    { label: "anniversary", date: { year: 2015, month: 6, day: 20 } },
  ]);
  assert.deepEqual(android.rest, ["X-ANDROID-CUSTOM: vnd.android.cursor.item/contact_event;soon;1;;"]);
  const apple = only(
    card([
      "VERSION:3.0",
      "FN:Ida",
      "BDAY;X-APPLE-OMIT-YEAR=2016:2016-02-29",
      "X-SOCIALPROFILE;type=whatsapp:x-apple:%2B46701234567",
      "X-SOCIALPROFILE;type=mastodon:x-apple:50%",
      "CATEGORIES:myContacts,Crew",
    ]),
  );
  assert.deepEqual([apple.dates[0]?.date.year, apple.tags], [undefined, ["Crew"]]);
  assert.deepEqual(
    apple.handles.map(({ service, value }) => [service, value]),
    [
      ["whatsapp", "+46701234567"],
      ["mastodon", "50%"],
    ],
  );
});

test("readCards() refuses a torn card by its line and reads the ones around it", () => {
  const file = `${card(["VERSION:3.0", "FN:First"])}BEGIN:VCARD\r\nFN:Torn\r\n${card(["VERSION:3.0", "FN:Last"])}BEGIN:VCARD\r\nFN:Cut`;
  const { contacts, faults } = read(file);
  assert.deepEqual(
    contacts.map((contact) => contact.name.full),
    ["First", "Last"],
  );
  assert.deepEqual(faults, [
    { line: 5, reason: "begins a card that has no END before line 7" },
    { line: 11, reason: "begins a card that has no END: the file is cut off" },
  ]);
});

test("readCards() names a line that is no property, and text that is no card", () => {
  const { contacts, faults } = read(`name,phone\n${card(["VERSION:3.0", "FN:Ida", "no colon here"], "\n")}`);
  assert.equal(contacts.length, 1);
  assert.deepEqual(faults, [
    { line: 1, reason: "stands outside of a card" },
    { line: 5, reason: "is not a property: it has no name before a colon" },
  ]);
});

test("readCards() takes a card within a card for the assistant's and leaves it out", () => {
  const contact = only(
    card(["VERSION:2.1", "FN:Ida", "AGENT:", "BEGIN:VCARD", "FN:Assistant", "END:VCARD", "TITLE:Captain"]),
  );
  assert.deepEqual([contact.name.full, contact.title], ["Ida", "Captain"]);
});

test("readCards() refuses a card of too many properties and goes on", () => {
  const many = Array.from({ length: cardLimits.propertiesMax + 1 }, () => "NOTE:x");
  const { contacts, faults } = read(card(["VERSION:3.0", ...many]) + card(["VERSION:3.0", "FN:Ida"]));
  assert.deepEqual([contacts.length, faults[0]?.line], [1, 1]);
  assert.match(faults[0]?.reason ?? "", /more than 2000 properties/);
});

test("cardContact() names a card without FN by its other words, and refuses one that says nothing", () => {
  assert.equal(only(card(["VERSION:3.0", "N:Doe;Jane;;Dr.;"])).name.full, "Dr. Jane Doe");
  assert.equal(only(card(["VERSION:3.0", "EMAIL:a@example.org"])).name.full, "a@example.org");
  const [found] = readCards(Buffer.from(card(["VERSION:3.0", "NOTE:x"])));
  assert.equal(found !== undefined && "card" in found ? cardContact(found.card) : "a fault", undefined);
});

test("splitCards() cuts a book between cards, and says at which line each part begins", () => {
  const cards = ["A", "B", "END:VCARD\\nC", "D"].map((name) => card(["VERSION:3.0", `FN:${name}`, "NOTE:END:VCARD"]));
  const book = Buffer.from(cards.join(""));
  const parts = [...splitCards(new Uint8Array(book), 150)];
  assert.ok(parts.length > 1 && parts.every(({ cards: part }) => part.length <= 150));
  assert.equal(Buffer.concat(parts.map(({ cards: part }) => part)).toString(), book.toString());
  for (const { cards: part, line } of parts) {
    assert.match(Buffer.from(part).toString(), /^BEGIN:VCARD\r\n[^]*\r\nEND:VCARD\r\n$/);
    assert.equal(book.toString().split("\n")[line], "BEGIN:VCARD\r");
  }
  for (const other of ["", "name,phone\n".repeat(100)])
    assert.deepEqual([...splitCards(new Uint8Array(Buffer.from(other)), 150)].length, 1);
});

test("readCards() reads a property that is folded a million times in one pass", { timeout: 60_000 }, () => {
  for (const [begin, fold] of [
    ["NOTE:a", " b"],
    ["NOTE;ENCODING=QUOTED-PRINTABLE:a=", "b="],
  ] as const) {
    const text = `BEGIN:VCARD\r\nFN:x\r\n${begin}\r\n${`${fold}\r\n`.repeat(1_000_000)}\r\nEND:VCARD\r\n`;
    const [read] = [...readCards(Buffer.from(text))];
    assert.ok(read !== undefined && "card" in read);
    assert.ok((read.card.properties.find(({ name }) => name === "NOTE")?.value.length ?? 0) >= 1_000_000);
  }
});
