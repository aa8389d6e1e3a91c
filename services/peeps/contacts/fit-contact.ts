/** A contact within what peeps keeps: texts are cut and cleaned, what is beside its bounds is dropped. */
import { cutText } from "../text/cut-text.ts";
import type { Contact } from "./contact.ts";

const bounds = {
  name: 200,
  word: 200,
  label: 60,
  text: 2000,
  note: 20_000,
  handle: 320,
  days: 3650,
  items: 100,
} as const;

export function fitContact(contact: Contact): Contact {
  const word = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : oneLine(text, bounds.word) || undefined;
  const label = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : oneLine(text, bounds.label) || undefined;
  const { name, keepInTouchDays: days } = contact;
  return {
    ...contact,
    key: contact.key === undefined ? undefined : cutText(contact.key, 500),
    name: {
      full: oneLine(name.full, bounds.name) || "?",
      given: word(name.given),
      middle: word(name.middle),
      family: word(name.family),
      prefix: word(name.prefix),
      suffix: word(name.suffix),
      nicknames: some(name.nicknames).map((nickname) => oneLine(nickname, bounds.label)),
    },
    handles: some(contact.handles)
      .filter(({ value }) => value.length <= bounds.handle)
      .map((handle) => ({
        ...handle,
        value: cutText(handle.value, bounds.handle),
        service: label(handle.service),
        label: label(handle.label),
      })),
    addresses: some(contact.addresses).map((address) => ({
      label: label(address.label),
      street: address.street === undefined ? undefined : cutText(address.street, 500),
      city: word(address.city),
      region: word(address.region),
      postcode: address.postcode === undefined ? undefined : oneLine(address.postcode, 40),
      country: word(address.country),
    })),
    links: some(contact.links).map((link) => ({ url: cutText(link.url, bounds.text), label: label(link.label) })),
    organization: word(contact.organization),
    department: word(contact.department),
    title: word(contact.title),
    gender: word(contact.gender),
    dates: some(contact.dates).map(({ label: said, date }) => ({ label: label(said) ?? "other", date })),
    relations: some(contact.relations).map((relation) => ({
      type: label(relation.type) ?? "related",
      name: word(relation.name),
      key: relation.key === undefined ? undefined : cutText(relation.key, 500),
    })),
    notes: some(contact.notes).map((note) => cutText(note, bounds.note)),
    tags: some(contact.tags)
      .map((tag) => oneLine(tag, bounds.label))
      .filter((tag) => !["", ".", ".."].includes(tag)),
    keepInTouchDays:
      days !== undefined && Number.isInteger(days) && days >= 1 && days <= bounds.days ? days : undefined,
    interactions: contact.interactions?.slice(0, 10_000).map((one) => ({
      ...one,
      text: one.text === undefined ? undefined : cutText(one.text, bounds.note - 20),
    })),
    rest: some(contact.rest).map((text) => cutText(text, bounds.text)),
  };
}

function some<Item>(items: readonly Item[]): Item[] {
  return items.slice(0, bounds.items);
}

function oneLine(text: string, charsMax: number): string {
  return cutText(text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim(), charsMax);
}
