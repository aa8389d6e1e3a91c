/**
 * Contacts as CSV in Google's columns, so that Google, Outlook and spreadsheets read them, with the id of each in a column
 * of its own; reading them again gives the same contacts. What begins like a formula is written with a quote before it.
 */
import type { Contact, ContactAddress, ContactHandle } from "../contacts/contact.ts";
import { formatPartialDate, type PartialDate } from "../contacts/partial-date.ts";

/** Of each kind; further values stand in the last slot, in Google's way. */
const slotsMax = { "E-mail": 5, Phone: 5, IM: 3, Address: 3, Website: 3, Relation: 5, Event: 5 };
type Slot = keyof typeof slotsMax;
const addressParts = ["Street", "City", "Region", "Postal Code", "Country"] as const;
const partsOf: Partial<Record<Slot, readonly string[]>> = {
  IM: ["Label", "Service", "Value"],
  Address: ["Label", ...addressParts],
};
/** Last in each row. */
const idColumn = "Roost ID";

const columns = [
  ..."Name,First Name,Middle Name,Last Name,Name Prefix,Name Suffix,Nickname,Organization Name,Organization Title,Organization Department,Birthday,Gender,Notes,Photo,Labels".split(
    ",",
  ),
  ...Object.entries(slotsMax).flatMap(([slot, count]) =>
    Array.from({ length: count }, (_, index) =>
      (partsOf[slot as Slot] ?? ["Label", "Value"]).map((part) => `${slot} ${index + 1} - ${part}`),
    ).flat(),
  ),
  idColumn,
];

export function writeGoogleHead(): string {
  return toLine(columns);
}

export function writeGoogleContact(contact: Contact): string {
  const birthday = contact.dates.find(({ label }) => label === "birthday");
  const cells = new Map<string, string | undefined>([
    ...singleCells(contact),
    ["Birthday", birthday && day(birthday.date)],
    [idColumn, contact.key],
  ]);
  const put = (slot: Slot, values: readonly Record<string, string | undefined>[]): void => {
    for (const [index, parts] of values.entries()) {
      const isPast = index >= slotsMax[slot];
      for (const [part, value] of Object.entries(parts)) {
        const column = `${slot} ${isPast ? slotsMax[slot] : index + 1} - ${part}`;
        if (!isPast) cells.set(column, value);
        else if (part === "Value") cells.set(column, [cells.get(column), value].filter(Boolean).join(" ::: "));
      }
    }
  };
  put("E-mail", handlesOf(contact, "email"));
  put("Phone", handlesOf(contact, "phone"));
  put("IM", handlesOf(contact, "username"));
  put("Address", contact.addresses.map(addressOf));
  put(
    "Website",
    contact.links.map(({ label, url }) => ({ Label: label, Value: url })),
  );
  put(
    "Relation",
    contact.relations.map(({ type, name }) => ({ Label: type, Value: name })),
  );
  const events = contact.dates.filter((one) => one !== birthday);
  put(
    "Event",
    events.map(({ label, date }) => ({ Label: label, Value: day(date) })),
  );
  return toLine(columns.map((column) => cells.get(column) ?? ""));
}

function singleCells({ name, kind, photo, ...contact }: Contact): [column: string, value: string | undefined][] {
  return [
    ["Name", kind === "organization" ? undefined : name.full],
    ["First Name", name.given],
    ["Middle Name", name.middle],
    ["Last Name", name.family],
    ["Name Prefix", name.prefix],
    ["Name Suffix", name.suffix],
    ["Nickname", name.nicknames.join(" ::: ")],
    ["Organization Name", kind === "organization" ? name.full : contact.organization],
    ["Organization Title", contact.title],
    ["Organization Department", contact.department],
    ["Gender", contact.gender],
    ["Notes", contact.notes.join("\n\n")],
    ["Photo", photo !== undefined && "url" in photo ? photo.url : undefined],
    ["Labels", contact.tags.join(" ::: ")],
  ];
}

function handlesOf({ handles }: Contact, kind: ContactHandle["kind"]): Record<string, string | undefined>[] {
  return handles
    .filter((handle) => handle.kind === kind)
    .map(({ label = "", isPreferred, service, value }) => ({
      Label: `${isPreferred ? "* " : ""}${label === "cell" ? "mobile" : label}`,
      Service: kind === "username" ? service : undefined,
      Value: value,
    }));
}

function addressOf({ label, street, city, region, postcode, country }: ContactAddress) {
  return { Label: label, Street: street, City: city, Region: region, "Postal Code": postcode, Country: country };
}

/** Google writes a space before a day without its year. */
function day(date: PartialDate): string {
  return date.year === undefined ? ` ${formatPartialDate(date)}` : formatPartialDate(date);
}

function toLine(cells: readonly string[]): string {
  return `${cells.map((cell) => quote(formula.test(cell) ? `'${cell}` : cell)).join(",")}\r\n`;
}

/** What spreadsheets take for one, in wide characters too; a phone number is none. What has the quote already gets another. */
const formula = /^'*(?:[=@\t\r\n＝＠＋－]|[+-](?![\d ()-]*$))/;

function quote(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
