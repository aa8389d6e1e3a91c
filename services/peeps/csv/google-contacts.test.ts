import assert from "node:assert/strict";
import { test } from "node:test";
import { isGoogleTable, readGoogleContacts } from "./google-contacts.ts";
import { readTable } from "./read-table.ts";

const today = [
  "First Name,Middle Name,Last Name,Name Prefix,Name Suffix,Nickname,Organization Name,Organization Title,Birthday,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Relation 1 - Label,Relation 1 - Value,Event 1 - Label,Event 1 - Value,Custom Field 1 - Label,Custom Field 1 - Value",
  'Ida,,Berg,,,,Ferry Ltd,Captain, --02-29,"two\nlines",* myContacts ::: Crew,* Home,ida@example.org ::: ida@example.com,Mobile,+46 70 123 45 67,Spouse,Mats,Anniversary,1999-05-01,Shoe size,38',
  ",,,,,,Ferry Ltd,,,,,,,Work,0800 1,,,,,,",
  ",,,,,,,,,,,,,,,,,,,,",
].join("\n");

test("readGoogleContacts() reads names, several values in a cell, year-less birthdays, relations and labels", () => {
  const table = readTable(Buffer.from(today));
  assert.ok(isGoogleTable(table));
  const { contacts, faults } = readGoogleContacts(table);
  const [ida, ferry] = contacts;
  assert.ok(ida !== undefined && ferry !== undefined);
  assert.deepEqual(
    [ida.name.full, ida.organization, ida.title, ida.tags],
    ["Ida Berg", "Ferry Ltd", "Captain", ["Crew"]],
  );
  assert.deepEqual(ida.handles, [
    { kind: "email", value: "ida@example.org", label: "home", isPreferred: true },
    { kind: "email", value: "ida@example.com", label: "home", isPreferred: true },
    { kind: "phone", value: "+46 70 123 45 67", label: "cell", isPreferred: false },
  ]);
  assert.deepEqual(ida.dates, [
    { label: "birthday", date: { year: undefined, month: 2, day: 29 } },
    { label: "anniversary", date: { year: 1999, month: 5, day: 1 } },
  ]);
  assert.deepEqual([ida.relations, ida.notes], [[{ type: "spouse", name: "Mats" }], ["two\nlines"]]);
  assert.deepEqual(ida.rest, ["Custom Field (shoe size): 38"]);
  assert.deepEqual([ferry.name.full, ferry.kind], ["Ferry Ltd", "organization"]);
  assert.deepEqual(faults, [{ line: 5, reason: "has no name, e-mail or phone" }]);
});

test("readGoogleContacts() reads the columns of exports until 2024", () => {
  const { contacts } = readGoogleContacts(
    readTable(
      Buffer.from(
        "Name,Given Name,Family Name,Group Membership,Organization 1 - Name,Address 1 - Type,Address 1 - Formatted,Phone 1 - Type,Phone 1 - Value\n" +
          'Ida Berg,Ida,Berg,* myContacts ::: * Crew,Ferry Ltd,Home,"Road 1\nStockholm",Mobile,070',
      ),
    ),
  );
  assert.deepEqual(
    [contacts[0]?.name.full, contacts[0]?.tags, contacts[0]?.organization],
    ["Ida Berg", ["Crew"], "Ferry Ltd"],
  );
  assert.equal(contacts[0]?.addresses[0]?.street, "Road 1\nStockholm");
});
