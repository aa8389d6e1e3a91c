import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { emptyContact, type Contact } from "../contacts/contact.ts";
import { cardContact } from "./card-contact.ts";
import { readCards } from "./read-cards.ts";
import { writeCard } from "./write-card.ts";

function readBack(text: string): Contact | undefined {
  const [found] = readCards(Buffer.from(text));
  return found !== undefined && "card" in found ? cardContact(found.card) : undefined;
}

const word = fc.stringMatching(/^[\p{L}\d][\p{L}\d ,;:\\"'^=-]{0,60}[\p{L}\d]$/u);
const label = fc.option(fc.constantFrom("home", "work", "cell", "home fax", "Boat house", "Büro"), { nil: undefined });
const date = fc.constantFrom({ year: 1985, month: 4, day: 12 }, { year: undefined, month: 2, day: 29 });
const contacts: fc.Arbitrary<Contact> = fc.record({
  key: fc.option(fc.uuid(), { nil: undefined }),
  kind: fc.constantFrom("person" as const, "organization" as const, "group" as const),
  name: fc.record({ full: word, given: word, family: word, nicknames: fc.constant(["Nick"]) }),
  handles: fc.uniqueArray(
    fc.record({
      kind: fc.constantFrom("phone" as const, "email" as const),
      value: fc.stringMatching(/^\+?[\d()][\d ()-]{4,15}\d$/),
      label,
      isPreferred: fc.boolean(),
    }),
    { maxLength: 4, selector: ({ value }) => value },
  ),
  addresses: fc.array(fc.record({ label, street: word, city: word, country: word }), { maxLength: 2 }),
  links: fc.array(fc.record({ label, url: fc.webUrl() }), { maxLength: 2 }),
  organization: fc.option(word, { nil: undefined }),
  title: fc.option(word, { nil: undefined }),
  dates: fc.uniqueArray(fc.record({ label: fc.constantFrom("birthday", "anniversary", "Boat day"), date }), {
    maxLength: 2,
    selector: (item) => item.label,
  }),
  relations: fc.array(fc.record({ type: fc.constantFrom("spouse", "Old friend"), name: word }), { maxLength: 2 }),
  notes: fc.array(
    fc.tuple(word, word).map((lines) => lines.join("\n")),
    { maxLength: 2 },
  ),
  tags: fc.array(fc.stringMatching(/^\p{L}{1,10}$/u), { maxLength: 3 }),
  photo: fc.constantFrom(undefined, { mediaType: "image/png", bytes: Buffer.from("picture") }),
  rest: fc.constant([]),
});

test("writeCard() writes what is read back as the same contact", () => {
  fc.assert(
    fc.property(contacts, (contact) => {
      const [written, again] = [writeCard(contact), readBack(writeCard(contact))];
      assert.ok(again !== undefined, written);
      assert.deepEqual(withoutUndefined(again), withoutUndefined(contact));
    }),
    { numRuns: 300, seed: 46 },
  );
});

test("writeCard() folds at 75 bytes and never within a character", () => {
  const contact = { ...emptyContact("Ida"), notes: ["ö".repeat(500)] };
  const lines = writeCard(contact).split("\r\n");
  assert.ok(lines.every((line) => Buffer.byteLength(line) <= 75 && !line.includes("\ufffd")));
  assert.deepEqual(readBack(lines.join("\r\n"))?.notes, contact.notes);
});

function withoutUndefined(value: Contact): unknown {
  return JSON.parse(JSON.stringify(value));
}

test("writeCard() lets no value begin a line of its own", () => {
  const evil = "x\r\nNOTE:evil\rNOTE:evil\nNOTE:evil";
  const card = writeCard({
    ...emptyContact(evil),
    handles: [{ kind: "username", service: evil, value: evil, label: evil, isPreferred: true }],
    addresses: [{ label: evil, street: evil }],
    links: [{ url: evil, label: evil }],
    organization: evil,
    gender: evil,
    dates: [{ label: evil, date: { month: 2, day: 29 } }],
    relations: [{ type: evil, name: evil }],
    notes: [evil],
    tags: [evil],
    photo: { url: `https://example.org/${evil}` },
  });
  const lines = card.replaceAll("\r\n ", "").split(/\r\n|\r|\n/);
  assert.deepEqual(
    lines.filter((line) => line.startsWith("NOTE")),
    [`NOTE:${String.raw`x\nNOTE:evil\nNOTE:evil\nNOTE:evil`}`],
  );
});
