import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyContact, type Contact } from "../contacts/contact.ts";
import { readGoogleContacts } from "./google-contacts.ts";
import { readTable } from "./read-table.ts";
import { writeGoogleHead, writeGoogleContact } from "./write-google-contact.ts";

const read = (text: string): Contact[] => readGoogleContacts(readTable(Buffer.from(text))).contacts;
const write = (...contacts: Contact[]): string => writeGoogleHead() + contacts.map(writeGoogleContact).join("");

const ida: Contact = {
  ...emptyContact("Ida Berg"),
  key: "0198c0de-0000-7000-8000-000000000001",
  name: { full: "Ida Berg", given: "Ida", family: "Berg", nicknames: ["Idis", "I."] },
  handles: [
    { kind: "email", value: "ida@example.org", label: "home", isPreferred: true },
    { kind: "phone", value: "+46701234567", label: "cell", isPreferred: false },
    { kind: "username", service: "telegram", value: "ida", isPreferred: false },
  ],
  addresses: [{ label: "home", street: "Quay 1\nFloor 2", city: "Oslo", postcode: "0150", country: "Norway" }],
  links: [{ label: "blog", url: "https://example.org" }],
  organization: 'Ferry "North", Ltd',
  title: "Captain",
  dates: [
    { label: "birthday", date: { month: 2, day: 29 } },
    { label: "anniversary", date: { year: 1999, month: 5, day: 1 } },
  ],
  relations: [{ type: "partner", name: "Mats" }],
  notes: ["=1+1 is what she says"],
  tags: ["crew", "@sea"],
};

test("writeGoogleContact() is read again as it was", () => {
  const plain = (contact: Contact | undefined) => JSON.parse(JSON.stringify(contact)) as unknown;
  const [again, ferry] = read(write(ida, { ...emptyContact("Ferry Ltd"), kind: "organization" }));
  assert.deepEqual(plain(again), plain(ida));
  assert.deepEqual([ferry?.name.full, ferry?.kind], ["Ferry Ltd", "organization"]);
});

test("writeGoogleContact() keeps every value past its slots, and no cell begins a formula", () => {
  const many = Array.from({ length: 9 }, (_, index) => `p${index}@example.org`);
  const text = write({
    ...emptyContact("=HYPERLINK(1)"),
    handles: many.map((value) => ({ kind: "email", value, isPreferred: false })),
    links: [{ url: "+cmd|calc" }],
    notes: ["-2+3"],
    tags: ["＝1+1"],
    organization: "'=1+1",
    title: "\n=1+1",
  });
  assert.doesNotMatch(text.replaceAll("'\n", "'"), /(?:^|,)"?[=@+＝]/m);
  assert.ok(text.includes(`"'\n=1+1"`), "nor does a line of one that is no row's");
  const [again] = read(text);
  assert.deepEqual(
    again?.handles.map(({ value }) => value),
    many,
  );
  assert.deepEqual(
    [again?.name.full, again?.links[0]?.url, again?.tags, again?.organization],
    ["=HYPERLINK(1)", "+cmd|calc", ["＝1+1"], "'=1+1"],
  );
});
