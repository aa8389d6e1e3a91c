/**
 * Contacts that Outlook exports as CSV, by its English columns. Dates are written in the order of the computer that wrote
 * the file: it is inferred from all of them, and where none says it they are told and left out.
 */
import type { Book, BookFault } from "../contacts/book.ts";
import { emptyContact, type Contact } from "../contacts/contact.ts";
import { inferDateOrder, type DateOrder } from "../contacts/date-order.ts";
import { parsePartialDate } from "../contacts/partial-date.ts";
import type { Table, CsvRow } from "./read-table.ts";

const dateColumns = { Birthday: "birthday", Anniversary: "anniversary" } as const;
const relationColumns = {
  Spouse: "spouse",
  Children: "child",
  "Manager's Name": "manager",
  "Assistant's Name": "assistant",
  "Referred By": "referred by",
} as const;
const phoneLabels: Record<string, string> = {
  "Mobile Phone": "cell",
  "Primary Phone": "main",
  "Company Main Phone": "main",
  Pager: "pager",
  "Assistant's Phone": "assistant",
  "Car Phone": "car",
  "Radio Phone": "radio",
  ISDN: "isdn",
  "TTY/TDD Phone": "tty",
  Callback: "callback",
};

/** Outlook's own words, and the columns that say how a thing is shown. */
const silent = new Set(
  `Initials,Gender,Priority,Private,Sensitivity,Language,Directory Server,Internet Free Busy,E-mail Type,E-mail 2 Type,
  E-mail 3 Type,E-mail Display Name,E-mail 2 Display Name,E-mail 3 Display Name`.split(/,\s*/),
);

export function isOutlookTable({ columns }: Table): boolean {
  return columns.includes("E-mail Address") || (columns.includes("First Name") && columns.includes("Business Phone"));
}

export function readOutlookContacts({ columns, rows, faults }: Table): Book {
  const told: BookFault[] = [...faults];
  const dates = rows.flatMap((row) => Object.keys(dateColumns).flatMap((column) => dateOf(row.get(column)) ?? []));
  const order = inferDateOrder(dates.flatMap((text) => numbersOf(text) ?? []));
  const contacts = rows.flatMap((row) => {
    const contact = readRow(row, columns, order);
    if (contact.name.full !== "") return [contact];
    told.push({ line: row.line, reason: "has no name, e-mail or phone" });
    return [];
  });
  const unread = contacts.filter(({ rest }) => rest.some((text) => /^(?:Birthday|Anniversary): /.test(text))).length;
  if (unread > 0)
    told.push({
      reason: `${unread} contacts have a date that may be read day first or month first; they came without it`,
    });
  return { contacts, faults: told };
}

function readRow(row: CsvRow, columns: readonly string[], order: DateOrder | undefined): Contact {
  const contact = emptyContact("");
  Object.assign(contact.name, {
    given: row.get("First Name"),
    middle: row.get("Middle Name"),
    family: row.get("Last Name"),
    prefix: row.get("Title"),
    suffix: row.get("Suffix"),
  });
  const nickname = row.get("Nickname");
  if (nickname !== undefined) contact.name.nicknames.push(nickname);
  contact.organization = row.get("Company");
  contact.department = row.get("Department");
  contact.title = row.get("Job Title") ?? row.get("Profession");
  contact.tags = split(row.get("Categories"), /[;,]/);
  const taken = new Set(
    "First Name,Middle Name,Last Name,Title,Suffix,Nickname,Company,Department,Job Title,Profession,Categories".split(
      ",",
    ),
  );
  for (const column of columns) {
    const value = row.get(column);
    if (value === undefined || taken.has(column) || silent.has(column)) continue;
    if (!readCell(contact, column, value, order)) contact.rest.push(`${column}: ${value}`);
  }
  for (const label of ["Home", "Business", "Other"]) addAddress(contact, row, label);
  const { prefix, given, middle, family, suffix } = contact.name;
  const composed = [prefix, given, middle, family, suffix].filter((part) => part !== undefined).join(" ");
  contact.name.full = composed || nickname || contact.organization || contact.handles[0]?.value || "";
  if (composed === "" && nickname === undefined && contact.organization !== undefined) contact.kind = "organization";
  return contact;
}

/** False: it has no place in a contact. */
function readCell(contact: Contact, column: string, value: string, order: DateOrder | undefined): boolean {
  const phone = /^(Business|Home|Other)?\s*(Phone|Fax)(?: \d)?$/.exec(column);
  if (phone !== null || column in phoneLabels) {
    const where = { Business: "work", Home: "home", Other: "other" }[phone?.[1] ?? ""];
    const label = phoneLabels[column] ?? [where, phone?.[2] === "Fax" ? "fax" : undefined].filter(Boolean).join(" ");
    contact.handles.push({ kind: "phone", value, label: label || undefined, isPreferred: column === "Primary Phone" });
    return true;
  }
  if (/^E-mail (?:\d )?Address$/.test(column)) {
    contact.handles.push({ kind: "email", value, label: undefined, isPreferred: column === "E-mail Address" });
    return true;
  }
  if (/^(?:Home|Business|Other) (?:Street|City|State|Postal Code|Country|Address|PO Box)/.test(column)) return true;
  if (column === "Web Page" || column === "Personal Web Page") contact.links.push({ label: undefined, url: value });
  else if (column === "Notes") contact.notes.push(value);
  else if (column in relationColumns)
    for (const name of split(value, /[;,]/))
      contact.relations.push({ type: relationColumns[column as keyof typeof relationColumns], name });
  else if (column in dateColumns) {
    if (dateOf(value) === undefined) return true;
    const date = parsePartialDate(value, order);
    if (date === undefined) return false;
    contact.dates.push({ label: dateColumns[column as keyof typeof dateColumns], date });
  } else return false;
  return true;
}

function addAddress(contact: Contact, row: CsvRow, place: string): void {
  const field = (name: string): string | undefined => row.get(`${place} ${name}`);
  const lines = [field("Street"), field("Street 2"), field("Street 3"), field("Address PO Box")];
  const address = {
    street: lines.filter((line) => line !== undefined).join("\n") || undefined,
    city: field("City"),
    region: field("State"),
    postcode: field("Postal Code"),
    country: field("Country/Region") ?? field("Country"),
  };
  if (Object.values(address).every((value) => value === undefined)) return;
  contact.addresses.push({ label: place === "Business" ? "work" : place.toLowerCase(), ...address });
}

/** `0/0/00` is Outlook's word for no date. */
function dateOf(text: string | undefined): string | undefined {
  return text === undefined || /^0+\D0+\D0+$/.test(text) ? undefined : text;
}

function numbersOf(text: string): [[number, number]] | undefined {
  const found = /^(\d{1,2})[/-](\d{1,2})[/-]\d{4}$/.exec(text);
  return found === null ? undefined : [[Number(found[1]), Number(found[2])]];
}

function split(text: string | undefined, separator: RegExp): string[] {
  return (text ?? "")
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
