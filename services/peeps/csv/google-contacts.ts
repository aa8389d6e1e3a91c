/**
 * Contacts that Google exports as CSV, in the columns of today (`First Name`, `Phone 1 - Label`, `Labels`) and those
 * until 2024 (`Given Name`, `Phone 1 - Type`, `Group Membership`). Several values stand in one cell, split by ` ::: `.
 */
import type { Book } from "../contacts/book.ts";
import { emptyContact, type Contact } from "../contacts/contact.ts";
import { parsePartialDate } from "../contacts/partial-date.ts";
import type { Table, CsvRow } from "./read-table.ts";

export function isGoogleTable({ columns }: Table): boolean {
  return columns.some((name) => /^(?:E-mail|Phone) 1 - (?:Label|Type|Value)$/.test(name));
}

export function readGoogleContacts({ columns, rows, faults }: Table): Book {
  const contacts: Contact[] = [];
  const told = [...faults];
  const slots = new Set(columns.flatMap((name) => /^(.+) \d+ - /.exec(name)?.[0] ?? []));
  for (const row of rows) {
    const contact = readRow(plain(row), [...slots], columns);
    if (contact.name.full === "") told.push({ line: row.line, reason: "has no name, e-mail or phone" });
    else contacts.push(contact);
  }
  return { contacts, faults: told };
}

/** A quote before what begins like a formula keeps spreadsheets from running it. */
function plain({ line, get }: CsvRow): CsvRow {
  return { line, get: (column) => get(column)?.replace(/^'(?='*[=@+\-\t\r\n＝＠＋－])/, "") };
}

/** Columns of the name and the work, both generations. */
const single = {
  given: ["First Name", "Given Name"],
  middle: ["Middle Name", "Additional Name"],
  family: ["Last Name", "Family Name"],
  prefix: ["Name Prefix"],
  suffix: ["Name Suffix"],
} as const;

const read = new Set(
  `Roost ID,Name,Nickname,Organization Name,Organization Title,Organization Department,Birthday,Notes,Labels,Group Membership,Photo,
  Gender,File As,Name Suffix,Name Prefix,First Name,Given Name,Middle Name,Additional Name,Last Name,Family Name,
  Organization 1 - Name,Organization 1 - Title,Organization 1 - Department`.split(/,\s*/),
);

function readRow(row: CsvRow, slots: readonly string[], columns: readonly string[]): Contact {
  const contact = emptyContact("");
  contact.key = row.get("Roost ID");
  for (const [part, names] of Object.entries(single) as [keyof typeof single, readonly string[]][])
    contact.name[part] = names.map((name) => row.get(name)).find((value) => value !== undefined);
  contact.name.nicknames = many(row.get("Nickname"));
  contact.organization = row.get("Organization Name") ?? row.get("Organization 1 - Name");
  contact.title = row.get("Organization Title") ?? row.get("Organization 1 - Title");
  contact.department = row.get("Organization Department") ?? row.get("Organization 1 - Department");
  contact.gender = row.get("Gender");
  const notes = row.get("Notes");
  if (notes !== undefined) contact.notes.push(notes);
  const photo = row.get("Photo");
  if (photo !== undefined && /^https?:/i.test(photo)) contact.photo = { url: photo };
  contact.tags = many(row.get("Labels") ?? row.get("Group Membership"))
    .map((tag) => tag.replace(/^\* /, ""))
    .filter((tag) => !/^my ?contacts$/i.test(tag));
  addDate(contact, "birthday", row.get("Birthday"));
  for (const slot of slots) readSlot(contact, slot, row);
  for (const column of columns) {
    const value = row.get(column);
    if (value !== undefined && !read.has(column) && !slots.some((slot) => column.startsWith(slot)))
      contact.rest.push(`${column}: ${value}`);
  }
  const { given, middle, family, nicknames } = contact.name;
  const composed = [given, middle, family].filter((part) => part !== undefined).join(" ");
  contact.name.full =
    row.get("Name") ?? (composed || nicknames[0] || contact.organization || contact.handles[0]?.value || "");
  if (composed === "" && row.get("Name") === undefined && contact.organization === contact.name.full)
    contact.kind = "organization";
  return contact;
}

/** `Phone 1 - `, `Relation 2 - `: a label and one value, or several. */
function readSlot(contact: Contact, slot: string, row: CsvRow): void {
  const kind = slot.replace(/ \d+ - $/, "");
  const written = row.get(`${slot}Label`) ?? row.get(`${slot}Type`);
  const isPreferred = written?.startsWith("* ") ?? false;
  const label = written?.replace(/^\* ?/, "").toLowerCase() || undefined;
  if (kind === "Address") {
    const field = (name: string): string | undefined => row.get(`${slot}${name}`);
    const street = [field("Street"), field("Extended Address"), field("PO Box")].filter((line) => line !== undefined);
    const address = {
      label,
      street: street.join("\n") || field("Formatted"),
      city: field("City"),
      region: field("Region"),
      postcode: field("Postal Code"),
      country: field("Country"),
    };
    if (Object.entries(address).some(([name, value]) => name !== "label" && value !== undefined))
      contact.addresses.push(address);
    return;
  }
  for (const value of many(row.get(`${slot}Value`))) {
    if (kind === "E-mail") contact.handles.push({ kind: "email", value, label, isPreferred });
    else if (kind === "Phone") contact.handles.push({ kind: "phone", value, label: phoneLabel(label), isPreferred });
    else if (kind === "IM") {
      const service = row.get(`${slot}Service`)?.toLowerCase();
      contact.handles.push({ kind: "username", service: service ?? label ?? "im", value, isPreferred });
    } else if (kind === "Website") contact.links.push({ label, url: value });
    else if (kind === "Relation") contact.relations.push({ type: label ?? "related", name: value });
    else if (kind === "Event") addDate(contact, label ?? "other", value);
    else contact.rest.push(`${kind}${label === undefined ? "" : ` (${label})`}: ${value}`);
  }
}

function phoneLabel(label: string | undefined): string | undefined {
  return label === "mobile" ? "cell" : label;
}

function addDate(contact: Contact, label: string, text: string | undefined): void {
  if (text === undefined) return;
  // A year-less day is written with a space before it: ` --04-12`.
  const date = parsePartialDate(text);
  if (date === undefined) contact.rest.push(`${label}: ${text}`);
  else contact.dates.push({ label, date });
}

function many(cell: string | undefined): string[] {
  return (cell ?? "")
    .split(" ::: ")
    .map((value) => value.trim())
    .filter((value) => value !== "");
}
