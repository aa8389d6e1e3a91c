/**
 * A contact from a card: the properties of RFC 6350, and those that Apple, Android, Evolution, Outlook and Thunderbird
 * write beside them. What has no place is kept in `rest`, so that an import can say what it left out.
 */
import { addDate, emptyContact, type Contact, type ContactAddress } from "../contacts/contact.ts";
import { parsePartialDate, type PartialDate } from "../contacts/partial-date.ts";
import { splitCardValue, unescapeCardText, type CardProperty } from "./parse-card-line.ts";
import { readAndroidCustom } from "./read-android-custom.ts";
import type { Card } from "./read-cards.ts";

const restValueMax = 200;

/** Undefined: the card has neither a name nor an address or number. */
export function cardContact({ properties }: Card): Contact | undefined {
  const contact = emptyContact("");
  const labels = new Map(
    properties.flatMap(({ name, group, value }) =>
      name === "X-ABLABEL" && group !== undefined ? [[group, unescapeCardText(value)]] : [],
    ),
  );
  for (const property of properties) {
    if (ignored.has(property.name)) continue;
    const written = labels.get(property.group ?? "") ?? typeOf(property);
    // What a phone offers stands in brackets; what a person called it stays as they wrote it.
    const label = written?.replace(/^_\$!<(.*)>!\$_$/, (_, offered: string) => offered.toLowerCase());
    if (!readProperty(contact, property, label)) keepRest(contact, property);
  }
  contact.name.full ||= nameOf(contact);
  return contact.name.full === "" ? undefined : contact;
}

/** Of the file or the program, or said by another property. */
const ignored = new Set(
  `BEGIN END VERSION PRODID REV X-ABLABEL X-ABADR LABEL PROFILE SOURCE NAME MAILER CLASS SORT-STRING SOUND KEY AGENT FBURL
  CALURI CLIENTPIDMAP X-ABUID X-MS-OL-DESIGN X-MS-OL-DEFAULT-POSTAL-ADDRESS X-GENERATOR`.split(/\s+/),
);

/** Before IMPP each service had a property of its own. */
const usernames =
  /^X-(AIM|ICQ|MSN|YAHOO|JABBER|GTALK|GOOGLE-TALK|SKYPE|SKYPE-USERNAME|QQ|TWITTER|TELEGRAM|SIGNAL|MATRIX|GROUPWISE|GADUGADU)$/;

/** Types that say how, not where or what. */
const silentTypes = new Set(["", "pref", "voice", "internet", "text", "msg", "postal", "parcel", "video"]);

/** False: it has no place in a contact. */
function readProperty(contact: Contact, property: CardProperty, label: string | undefined): boolean {
  const { name, value } = property;
  const text = unescapeCardText(value);
  if (text === "" && property.bytes === undefined) return true;
  switch (name) {
    case "UID":
      contact.key ??= text.replace(/^urn:uuid:/i, "");
      return true;
    case "FN":
      contact.name.full ||= text;
      return true;
    case "N":
      readName(contact, value);
      return true;
    case "NICKNAME":
      contact.name.nicknames.push(...listOf(value));
      return true;
    case "TEL":
    case "X-MS-TEL":
      return addHandle(contact, "phone", text.replace(/^tel:/i, ""), property, label);
    case "EMAIL":
      return addHandle(contact, "email", text.replace(/^mailto:/i, ""), property, label);
    case "IMPP":
    case "X-SOCIALPROFILE":
    case "SOCIALPROFILE":
    case "X-MS-IMADDRESS":
      return addUsername(contact, property, label);
    case "ADR":
      contact.addresses.push(readAddress(value, label));
      return true;
    case "URL":
      contact.links.push({ label, url: text });
      return true;
    case "ORG": {
      const [organization = "", ...units] = splitCardValue(value, ";");
      contact.organization ||= organization;
      contact.department ||= units.filter((unit) => unit !== "").join(", ") || undefined;
      return true;
    }
    case "TITLE":
    case "ROLE":
      contact.title ||= text;
      return true;
    case "GENDER":
      contact.gender = splitCardValue(value, ";").findLast((part) => part !== "");
      return true;
    case "NOTE":
      contact.notes.push(text.replaceAll("\r\n", "\n"));
      return true;
    case "CATEGORIES":
      contact.tags.push(...listOf(value).filter((tag) => !/^my ?contacts$/i.test(tag)));
      return true;
    case "KIND":
    case "X-ADDRESSBOOKSERVER-KIND":
      contact.kind = text.toLowerCase() === "group" ? "group" : /^org/i.test(text) ? "organization" : "person";
      return true;
    case "X-ABSHOWAS":
      if (text.toUpperCase() === "COMPANY") contact.kind = "organization";
      return true;
    case "X-ANDROID-CUSTOM":
      return readAndroidCustom(contact, value);
    case "PHOTO":
      return readPhoto(contact, property, text);
    default:
      if (usernames.test(name)) return addUsername(contact, property, label);
      return readDate(contact, property, label) || readRelation(contact, property, label);
  }
}

function readName({ name }: Contact, value: string): void {
  const [family, given, middle, prefix, suffix] = splitCardValue(value, ";").map((part) => part || undefined);
  Object.assign(name, { family, given, middle, prefix, suffix });
}

/** Phones put both forms in one card: `a,b` of version 3 and `a\, b` of programs that escape too much. */
function listOf(value: string): string[] {
  return splitCardValue(value, ",")
    .flatMap((item) => item.split(","))
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function addHandle(
  contact: Contact,
  kind: "phone" | "email",
  value: string,
  property: CardProperty,
  label: string | undefined,
): true {
  const isKnown = contact.handles.some((handle) => handle.kind === kind && handle.value === value);
  if (!isKnown) contact.handles.push({ kind, value, label, isPreferred: isPreferred(property) });
  return true;
}

function addUsername(contact: Contact, property: CardProperty, label: string | undefined): true {
  const text = unescapeCardText(property.value);
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(?:\/\/)?(.+)$/i.exec(text) ?? [];
  const said = property.params.get("X-SERVICE-TYPE")?.[0] ?? property.params.get("SERVICE-TYPE")?.[0];
  const isApple = scheme === "x-apple";
  const isLink = scheme === "http" || scheme === "https";
  const own = usernames.exec(property.name)?.[1]?.replace("-USERNAME", "");
  const service = (own ?? said ?? (isLink || isApple ? label : scheme) ?? "im").toLowerCase();
  const user =
    property.params.get("X-USER")?.[0] ?? (isLink ? text.replace(/\/+$/, "").split("/").at(-1) : rest) ?? text;
  const value = isApple ? decodeCoded(user) : user;
  contact.handles.push({ kind: "username", service, value, label, isPreferred: isPreferred(property) });
  return true;
}

/** `%2B46701234567`; what is no such code stays as it is. */
function decodeCoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readAddress(value: string, label: string | undefined): ContactAddress {
  const [box, extended, street, city, region, postcode, country] = splitCardValue(value, ";");
  const lines = [box, extended, street].filter((part) => part !== undefined && part !== "").join("\n");
  return {
    label,
    street: lines || undefined,
    city: city || undefined,
    region: region || undefined,
    postcode: postcode || undefined,
    country: country || undefined,
  };
}

function readPhoto(contact: Contact, { bytes, params }: CardProperty, text: string): boolean {
  const inline = /^data:([^;,]+);base64,(.+)$/s.exec(text);
  if (bytes !== undefined) {
    const type = (params.get("TYPE")?.[0] ?? params.get("MEDIATYPE")?.[0] ?? "jpeg").replace(/^image\//, "");
    contact.photo ??= { mediaType: `image/${type}`, bytes };
  } else if (inline?.[1] !== undefined && inline[2] !== undefined) {
    contact.photo ??= { mediaType: inline[1], bytes: Buffer.from(inline[2], "base64") };
  } else if (/^https?:/i.test(text)) contact.photo ??= { url: text };
  else return false;
  return true;
}

function readDate(contact: Contact, { name, value, params }: CardProperty, label: string | undefined): boolean {
  const known = /^(?:X-(?:MS-|EVOLUTION-|KADDRESSBOOK-X-)?)?(BDAY|BIRTHDAY|ANNIVERSARY|DEATHDATE|ABDATE)$/.exec(
    name,
  )?.[1];
  if (known === undefined) return false;
  const date = withoutOmittedYear(parsePartialDate(unescapeCardText(value)), params.get("X-APPLE-OMIT-YEAR")?.[0]);
  // The same day may stand there as a text for people.
  if (date === undefined) return params.has("ALTID") && params.get("VALUE")?.[0]?.toLowerCase() === "text";
  const dateLabel =
    known === "ABDATE" ? (label ?? "other") : { BDAY: "birthday", BIRTHDAY: "birthday", DEATHDATE: "death" }[known];
  addDate(contact, { label: dateLabel ?? known.toLowerCase(), date });
  return true;
}

/** A year that stands for none. */
function withoutOmittedYear(date: PartialDate | undefined, omitted: string | undefined): PartialDate | undefined {
  return date?.year !== undefined && String(date.year) === omitted ? { ...date, year: undefined } : date;
}

function readRelation(contact: Contact, { name, value, params }: CardProperty, label: string | undefined): boolean {
  const text = unescapeCardText(value);
  const known =
    /^X-(?:MS-|EVOLUTION-|KADDRESSBOOK-X-)?(SPOUSE(?:S?NAME)?|MANAGER(?:SNAME)?|ASSISTANT(?:SNAME)?|CHILD)$/.exec(
      name,
    )?.[1];
  if (known !== undefined) contact.relations.push({ type: known.replace(/S?NAME$/, "").toLowerCase(), name: text });
  else if (name === "X-ABRELATEDNAMES") contact.relations.push({ type: label ?? "related", name: text });
  else if (name === "RELATED") {
    const key = /^urn:uuid:(.+)$/i.exec(text)?.[1];
    const type = params.get("TYPE")?.find((word) => word !== "pref") ?? "related";
    contact.relations.push(key === undefined ? { type, name: text } : { type, key });
  } else return false;
  return true;
}

/** `work`, `home fax` */
function typeOf({ params }: CardProperty): string | undefined {
  return (
    params
      .get("TYPE")
      ?.filter((type) => !silentTypes.has(type))
      .join(" ") || undefined
  );
}

function isPreferred({ params }: CardProperty): boolean {
  return params.get("PREF")?.[0] === "1" || params.get("TYPE")?.includes("pref") === true;
}

/** Cards without FN, and those with an empty one. */
function nameOf({ name, organization, handles }: Contact): string {
  const parts = [name.prefix, name.given, name.middle, name.family, name.suffix].filter((part) => part !== undefined);
  return parts.join(" ") || name.nicknames[0] || organization || handles[0]?.value || "";
}

function keepRest(contact: Contact, { name, value, bytes }: CardProperty): void {
  const text = bytes === undefined ? unescapeCardText(value) : `${bytes.length} bytes`;
  contact.rest.push(`${name}: ${text.length > restValueMax ? `${text.slice(0, restValueMax)}…` : text}`);
}
