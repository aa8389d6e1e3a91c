/**
 * Contacts of Monica 4's JSON export (version `1.0-preview.1`): an account whose collections are `{ type, values }`.
 * Types of fields, genders and activities are named by uuid and looked up in `instance`. Debts, gifts and pets are kept
 * as words, since a contact has no place for them.
 */
import { isJsonObject, jsonObjectOf, RoostError, type JsonObject } from "@roost/base";
import type { Book, BookFault } from "../contacts/book.ts";
import { emptyContact, type Contact, type ContactInteraction } from "../contacts/contact.ts";
import { parsePartialDate } from "../contacts/partial-date.ts";

/** @throws RoostError `invalid_input`: it is not such an export. */
export function readMonica(text: string): Book {
  const { account } = parseExport(text);
  if (!isJsonObject(account))
    throw new RoostError("invalid_input", "a Monica export has an account; this file has none");
  const faults: BookFault[] = [];
  const names = namesOf(account);
  const activities = new Map(collection(account, "activity").map((item) => [textOf(item, "uuid") ?? "", item]));
  const contacts = new Map<string, Contact>();
  for (const [index, item] of collection(account, "contact").entries()) {
    const key = textOf(item, "uuid");
    const contact = key === undefined ? undefined : readContact(item, { names, activities });
    if (key === undefined || contact === undefined)
      faults.push({ reason: `contact ${index + 1} of the account has no ${key === undefined ? "uuid" : "name"}` });
    else contacts.set(key, contact);
  }
  for (const item of collection(account, "relationship")) {
    const { type, contact_is: who, of_contact: of } = propertiesOf(item);
    // "Ida is the partner of Mats": the relation stands with Mats, as it does in an address book.
    const other = contacts.get(String(of));
    if (other === undefined || !contacts.has(String(who)))
      faults.push({
        reason: `relationship ${textOf(item, "uuid") ?? "without uuid"} names a contact that is not in the file`,
      });
    else other.relations.push({ type: String(type), key: String(who) });
  }
  return { contacts: [...contacts.values()], faults };
}

function parseExport(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RoostError("invalid_input", "this is not JSON; export it again from Monica", { cause: error });
  }
  return jsonObjectOf(value);
}

interface Lookup {
  names: ReadonlyMap<string, string>;
  activities: ReadonlyMap<string, JsonObject>;
}

function readContact(item: JsonObject, { names, activities }: Lookup): Contact | undefined {
  const said = propertiesOf(item);
  const text = (name: string): string | undefined => textOf(said, name);
  const [given, middle, family, nickname] = [
    text("first_name"),
    text("middle_name"),
    text("last_name"),
    text("nickname"),
  ];
  const full = [given, middle, family].filter((part) => part !== undefined).join(" ") || nickname;
  if (full === undefined) return undefined;
  const contact = emptyContact(full);
  contact.key = textOf(item, "uuid");
  Object.assign(contact.name, { given, middle, family, nicknames: nickname === undefined ? [] : [nickname] });
  contact.organization = text("company");
  contact.title = text("job");
  contact.gender = names.get(text("gender") ?? "");
  contact.isPartial = said["is_partial"] === true;
  contact.keepInTouchDays =
    typeof said["stay_in_touch_frequency"] === "number" ? said["stay_in_touch_frequency"] : undefined;
  for (const note of [text("description"), text("food_preferences")]) if (note !== undefined) contact.notes.push(note);
  const { tags } = said;
  if (Array.isArray(tags)) contact.tags = tags.filter((tag) => typeof tag === "string");
  for (const [name, label] of [
    ["birthdate", "birthday"],
    ["deceased_date", "death"],
    ["first_met_date", "first met"],
  ] as const)
    addDate(contact, label, said[name]);
  readParts(contact, item, names);
  contact.interactions = [...readInteractions(item, activities)];
  return contact;
}

function readParts(contact: Contact, item: JsonObject, names: ReadonlyMap<string, string>): void {
  for (const field of collection(item, "contact_field")) {
    const { data, type } = propertiesOf(field);
    if (typeof data === "string" && data !== "")
      addHandle(contact, data, (names.get(String(type)) ?? "other").toLowerCase());
  }
  for (const address of collection(item, "address").map(propertiesOf))
    contact.addresses.push({
      label: textOf(address, "name")?.toLowerCase(),
      street: textOf(address, "street"),
      city: textOf(address, "city"),
      region: textOf(address, "province"),
      postcode: textOf(address, "postal_code"),
      country: textOf(address, "country"),
    });
  for (const note of collection(item, "note")) {
    const body = textOf(propertiesOf(note), "body");
    if (body !== undefined) contact.notes.push(body);
  }
  for (const type of ["debt", "gift", "pet", "task", "life_event", "reminder"])
    for (const other of collection(item, type)) {
      const words = Object.entries(propertiesOf(other)).flatMap(([name, value]) =>
        typeof value === "object" || value === "" ? [] : [`${name} ${String(value)}`],
      );
      contact.rest.push(`${type.replace("_", " ")}: ${words.join(", ")}`);
    }
}

function addHandle(contact: Contact, value: string, type: string): void {
  const kind = type.startsWith("e") && type.includes("mail") ? "email" : type.includes("phone") ? "phone" : "username";
  if (type === "website") contact.links.push({ url: value });
  else contact.handles.push({ kind, service: kind === "username" ? type : undefined, value, isPreferred: false });
}

/** Calls, conversations and activities: what "last contacted" is derived from. */
function* readInteractions(
  item: JsonObject,
  activities: ReadonlyMap<string, JsonObject>,
): Generator<ContactInteraction> {
  for (const call of collection(item, "call").map(propertiesOf)) {
    const at = momentOf(call["called_at"]);
    if (at !== undefined)
      yield { kind: "call", at, isFromOwner: call["contact_called"] !== true, text: textOf(call, "content") };
  }
  for (const conversation of collection(item, "conversation").map(propertiesOf)) {
    const { messages } = conversation;
    for (const message of (Array.isArray(messages) ? messages.filter(isJsonObject) : []).map(propertiesOf)) {
      const at = momentOf(message["written_at"]) ?? momentOf(conversation["happened_at"]);
      const isFromOwner = message["written_by_me"] === true;
      if (at !== undefined) yield { kind: "message", at, isFromOwner, text: textOf(message, "content") };
    }
  }
  const { data } = item;
  const named = (Array.isArray(data) ? data.filter(isJsonObject) : []).find(({ type }) => type === "activity")?.[
    "values"
  ];
  for (const uuid of Array.isArray(named) ? named : []) {
    const activity = propertiesOf(activities.get(String(uuid)) ?? {});
    const at = momentOf(activity["happened_at"]);
    const text = [textOf(activity, "summary"), textOf(activity, "description")].filter((part) => part !== undefined);
    if (at !== undefined) yield { kind: "meeting", at, isFromOwner: true, text: text.join("\n") || undefined };
  }
}

function addDate(contact: Contact, label: string, value: unknown): void {
  const said = jsonObjectOf(value);
  const date = parsePartialDate(textOf(said, "date") ?? "");
  if (date === undefined) return;
  const { year, month, day } = date;
  // An age tells the year alone.
  if (said["is_age_based"] === true) contact.dates.push({ label, date: { year } });
  else contact.dates.push({ label, date: said["is_year_unknown"] === true ? { month, day } : date });
}

/** Words of what is named by uuid elsewhere: types of fields and genders. */
function namesOf(account: JsonObject): Map<string, string> {
  const instance = jsonObjectOf(account["instance"]);
  return new Map(
    Object.values(instance).flatMap((list) =>
      (Array.isArray(list) ? list.filter(isJsonObject) : []).flatMap((item): [string, string][] => {
        const uuid = textOf(item, "uuid");
        const name = textOf(propertiesOf(item), "name");
        return uuid === undefined || name === undefined ? [] : [[uuid, name]];
      }),
    ),
  );
}

function collection(parent: JsonObject, type: string): JsonObject[] {
  const { data } = parent;
  const found = (Array.isArray(data) ? data.filter(isJsonObject) : []).find((item) => item["type"] === type);
  const values = found?.["values"];
  return Array.isArray(values) ? values.filter(isJsonObject) : [];
}

function propertiesOf(item: JsonObject): JsonObject {
  return jsonObjectOf(item["properties"]);
}

function textOf(item: JsonObject, name: string): string | undefined {
  const value = item[name];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** ISO 8601; undefined: no moment. */
function momentOf(value: unknown): string | undefined {
  const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
