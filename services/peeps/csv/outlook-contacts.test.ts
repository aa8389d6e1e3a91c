import assert from "node:assert/strict";
import { test } from "node:test";
import type { Book } from "../contacts/book.ts";
import type { Contact } from "../contacts/contact.ts";
import { withEnglishColumns } from "./with-english-columns.ts";
import { isOutlookTable, readOutlookContacts } from "./outlook-contacts.ts";
import { readTable } from "./read-table.ts";

const columns =
  "Title,First Name,Last Name,Company,Business Street,Business City,Home Phone,Business Fax,Mobile Phone,E-mail Address,E-mail Type,E-mail 2 Address,Birthday,Anniversary,Categories,Spouse,Children,Notes,Government ID Number";

function read(...rows: string[]): Book {
  const table = readTable(Buffer.from([columns, ...rows].join("\r\n")));
  assert.ok(isOutlookTable(table));
  return readOutlookContacts(table);
}

test("readOutlookContacts() reads phones by place, addresses, relations, categories and dates", () => {
  const { contacts, faults } = read(
    'Dr.,Ida,Berg,Ferry Ltd,Quay 1,Stockholm,08-1,08-2,070-3,ida@example.org,SMTP,ida@example.com,12/31/1980,0/0/00,"Crew;Friends",Mats,"Lo, Bo",hello,123',
  );
  const ida = contacts[0] ?? assert.fail();
  assert.deepEqual([ida.name.full, ida.organization, ida.tags], ["Dr. Ida Berg", "Ferry Ltd", ["Crew", "Friends"]]);
  assert.deepEqual(
    ida.handles.map(({ kind, value, label }) => [kind, value, label]),
    [
      ["phone", "08-1", "home"],
      ["phone", "08-2", "work fax"],
      ["phone", "070-3", "cell"],
      ["email", "ida@example.org", undefined],
      ["email", "ida@example.com", undefined],
    ],
  );
  assert.deepEqual(ida.addresses, [
    { label: "work", street: "Quay 1", city: "Stockholm", region: undefined, postcode: undefined, country: undefined },
  ]);
  assert.deepEqual(
    ida.relations.map(({ type, name }) => [type, name]),
    [
      ["spouse", "Mats"],
      ["child", "Lo"],
      ["child", "Bo"],
    ],
  );
  assert.deepEqual(ida.dates, [{ label: "birthday", date: { year: 1980, month: 12, day: 31 } }]);
  assert.deepEqual([ida.notes, ida.rest, faults], [["hello"], ["Government ID Number: 123"], []]);
});

test("readOutlookContacts() reads a date either way round as the other dates of the file say", () => {
  const row = (birthday: string): string => `,Ida,,,,,,,,,,,${birthday},,,,,,`;
  const months = (...birthdays: string[]): (number | undefined)[] =>
    read(...birthdays.map(row)).contacts.map(({ dates }) => dates[0]?.date.month);
  assert.deepEqual(months("4/12/1980", "31/1/1981"), [12, 1]);
  assert.deepEqual(months("4/12/1980", "1/31/1981"), [4, 1]);
});

test("readOutlookContacts() leaves dates out that may be read both ways, and says so", () => {
  const { contacts, faults } = read(",Ida,,,,,,,,,,,4/12/1980,,,,,,");
  assert.deepEqual([contacts[0]?.dates, contacts[0]?.rest], [[], ["Birthday: 4/12/1980"]]);
  assert.match(faults[0]?.reason ?? "", /1 contacts? ha.* a date that may be read day first or month first/);
});

for (const [language, columns, row] of [
  [
    "German",
    "Anrede;Vorname;Nachname;Position;Straße geschäftlich;Ort geschäftlich;Telefon (privat);Mobiltelefon;Geburtstag;Jahrestag;E-Mail-Adresse;E-Mail-Typ;Partner",
    "Dr.;Zoë;Müller;Chefin;Kai 1;Köln;089 1;0171 2;29.02.1980;0.0.00;zoe@example.org;SMTP;Jörg",
  ],
  [
    "French",
    "Titre;Prénom;Nom;Titre;Rue (bureau);Ville (bureau);Téléphone (domicile);Tél. mobile;Anniversaire;Anniversaire de mariage ou fête;Adresse de messagerie;Type de messagerie;Conjoint(e)",
    "Dr.;Zoë;Müller;Chefin;Kai 1;Köln;089 1;0171 2;29/02/1980;0/0/00;zoe@example.org;SMTP;Jörg",
  ],
] as const)
  test(`withEnglishColumns() lets ${language} columns be read`, () => {
    const table = withEnglishColumns(readTable(Buffer.from(`${columns}\r\n${row}\r\n`, "latin1")));
    assert.ok(isOutlookTable(table));
    const { contacts, faults } = readOutlookContacts(table);
    const [{ name, title, addresses, handles, dates, relations, rest }] = contacts as [Contact];
    assert.deepEqual([faults, rest], [[], []]);
    assert.deepEqual([name.full, title, addresses[0]?.city], ["Dr. Zoë Müller", "Chefin", "Köln"]);
    assert.deepEqual(
      handles.map(({ value, label }) => [value, label]),
      [
        ["089 1", "home"],
        ["0171 2", "cell"],
        ["zoe@example.org", undefined],
      ],
    );
    assert.deepEqual(dates, [{ label: "birthday", date: { year: 1980, month: 2, day: 29 } }]);
    assert.deepEqual(relations, [{ type: "spouse", name: "Jörg" }]);
  });
