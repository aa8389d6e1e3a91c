/** Contacts as vCard 4.0 (RFC 6350), folded at 75 bytes; reading them again gives the same contacts. */
import type { Contact, ContactHandle } from "../contacts/contact.ts";
import { formatPartialDate } from "../contacts/partial-date.ts";

const lineBytesMax = 75;

export function writeCard(contact: Contact): string {
  const { name } = contact;
  const lines = ["BEGIN:VCARD", "VERSION:4.0"];
  // One group a label that is not a type: Apple's way, which most programs read.
  let group = 0;
  const add = (
    property: string,
    value: string | undefined,
    options: { label?: string | undefined; params?: string } = {},
  ) => {
    if (value === undefined || value === "") return;
    const { label, params = "" } = options;
    if (label === undefined || isType(label)) {
      lines.push(`${property}${params}${label === undefined ? "" : `;TYPE=${label.split(" ").join(",")}`}:${value}`);
      return;
    }
    group += 1;
    lines.push(`item${group}.${property}${params}:${value}`, `item${group}.X-ABLabel:${escape(label)}`);
  };

  add("UID", contact.key === undefined ? undefined : escape(contact.key));
  if (contact.kind !== "person") add("KIND", contact.kind === "group" ? "group" : "org");
  add("FN", escape(name.full));
  const parts = [name.family, name.given, name.middle, name.prefix, name.suffix];
  if (parts.some((part) => part !== undefined)) add("N", parts.map((part) => escape(part ?? "")).join(";"));
  add("NICKNAME", name.nicknames.map(escape).join(","));
  for (const handle of contact.handles) {
    const params = handle.isPreferred ? ";PREF=1" : "";
    const service = handle.service === undefined ? "" : `;SERVICE-TYPE=${quote(handle.service)}`;
    add(propertyOf(handle), escape(handle.value), { label: handle.label, params: `${service}${params}` });
  }
  for (const { label, street, city, region, postcode, country } of contact.addresses) {
    const value = ["", "", street, city, region, postcode, country].map((part) => escape(part ?? "")).join(";");
    add("ADR", value, { label });
  }
  for (const { label, url } of contact.links) add("URL", escape(url), { label });
  const units = [contact.organization ?? "", ...(contact.department === undefined ? [] : [contact.department])];
  if (units.some((unit) => unit !== "")) add("ORG", units.map(escape).join(";"));
  add("TITLE", escape(contact.title ?? ""));
  if (contact.gender !== undefined)
    add("GENDER", /^[MFONU]$/.test(contact.gender) ? contact.gender : `;${escape(contact.gender)}`);
  for (const { label, date } of contact.dates) {
    const property = { birthday: "BDAY", anniversary: "ANNIVERSARY", death: "DEATHDATE" }[label];
    const value = formatPartialDate(date).replaceAll(/(?<=\d)-/g, "");
    if (property === undefined)
      add("X-ABDATE", formatPartialDate(date), { label: label === "other" ? undefined : label });
    else add(property, date.day === undefined ? formatPartialDate(date) : value);
  }
  for (const { type, name: other, key } of contact.relations) {
    if (key !== undefined) add("RELATED", `urn:uuid:${key}`, { label: type });
    else add("X-ABRELATEDNAMES", escape(other ?? ""), { label: /^[a-z]+$/.test(type) ? `_$!<${type}>!$_` : type });
  }
  for (const note of contact.notes) add("NOTE", escape(note));
  add("CATEGORIES", contact.tags.map(escape).join(","));
  const { photo } = contact;
  if (photo !== undefined)
    add(
      "PHOTO",
      "url" in photo
        ? photo.url.replaceAll(/\s/g, "")
        : `data:${photo.mediaType};base64,${Buffer.from(photo.bytes).toString("base64")}`,
    );
  return [...lines, "END:VCARD", ""].map(fold).join("\r\n");
}

const types = new Set(["home", "work", "cell", "fax", "pager", "other", "main", "school"]);

function isType(label: string): boolean {
  return label.split(" ").every((word) => types.has(word));
}

function propertyOf({ kind }: ContactHandle): string {
  return kind === "phone" ? "TEL" : kind === "email" ? "EMAIL" : "IMPP";
}

function escape(text: string): string {
  return text.replaceAll(/[\\,;]/g, String.raw`\$&`).replaceAll(/\r\n|\r|\n/g, String.raw`\n`);
}

/** A parameter's value, RFC 6868. */
function quote(text: string): string {
  const safe = text
    .replaceAll("^", "^^")
    .replaceAll('"', "^'")
    .replaceAll(/\r\n|\r|\n/g, "^n");
  return /^[\w-]*$/.test(safe) ? safe : `"${safe}"`;
}

/** Never within a character. */
function fold(line: string): string {
  const lines = [""];
  let bytes = 0;
  for (const char of line) {
    const size = Buffer.byteLength(char);
    if (bytes + size > lineBytesMax) {
      lines.push("");
      bytes = 1;
    }
    lines[lines.length - 1] += char;
    bytes += size;
  }
  return lines.join("\r\n ");
}
