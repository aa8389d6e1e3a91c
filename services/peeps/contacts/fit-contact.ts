/** A contact within what peeps keeps: texts are cut and cleaned, what is beside its bounds is dropped. */
import { distinctLabels } from "./distinct-labels.ts";
import { personLimits as limits } from "../contract/limits.ts";
import { fitText } from "../text/fit-text.ts";
import type { Contact } from "./contact.ts";
import { pictureType } from "./picture.ts";

/** Of each list of a card. */
const itemsMax = 100;
const keyMax = 500;
const interactionsMax = 10_000;
/** `meeting: ` before what was said. */
const kindChars = 20;

export function fitContact(contact: Contact): Contact {
  const word = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : oneLine(text, limits.wordMax) || undefined;
  const label = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : oneLine(text, limits.labelMax) || undefined;
  const { name, keepInTouchDays: days } = contact;
  return {
    ...contact,
    photo: undefined,
    key: contact.key === undefined ? undefined : fitText(contact.key, keyMax),
    name: {
      full: oneLine(name.full, limits.nameMax) || "?",
      given: word(name.given),
      middle: word(name.middle),
      family: word(name.family),
      prefix: word(name.prefix),
      suffix: word(name.suffix),
      nicknames: some(name.nicknames).map((nickname) => oneLine(nickname, limits.labelMax)),
    },
    handles: some(contact.handles)
      .filter(({ value }) => value.length <= limits.handleMax)
      .map((handle) => ({
        ...handle,
        value: fitText(handle.value, limits.handleMax),
        service: label(handle.service),
        label: label(handle.label),
      })),
    addresses: some(contact.addresses).map((address) => ({
      label: label(address.label),
      street: address.street === undefined ? undefined : fitText(address.street, limits.streetMax),
      city: word(address.city),
      region: word(address.region),
      postcode: address.postcode === undefined ? undefined : oneLine(address.postcode, limits.postcodeMax),
      country: word(address.country),
    })),
    links: some(contact.links).map((link) => ({ url: fitText(link.url, limits.textMax), label: label(link.label) })),
    organization: word(contact.organization),
    department: word(contact.department),
    title: word(contact.title),
    gender: word(contact.gender),
    dates: distinctLabels(
      some(contact.dates).map(({ label: said, date }) => ({ label: label(said) ?? "other", date })),
    ),
    relations: some(contact.relations).map((relation) => ({
      type: label(relation.type) ?? "related",
      name: word(relation.name),
      key: relation.key === undefined ? undefined : fitText(relation.key, keyMax),
    })),
    notes: some(contact.notes).map((note) => fitText(note, limits.noteMax)),
    tags: some(contact.tags)
      .map((tag) => oneLine(tag, limits.labelMax))
      .filter((tag) => !["", ".", ".."].includes(tag)),
    keepInTouchDays:
      days !== undefined && Number.isInteger(days) && days >= 1 && days <= limits.keepInTouchDaysMax ? days : undefined,
    interactions: contact.interactions?.slice(0, interactionsMax).map((one) => ({
      ...one,
      text: one.text === undefined ? undefined : fitText(one.text, limits.noteMax - kindChars),
    })),
    ...fitPhoto(contact),
  };
}

/** Without a picture that is too large or none: `rest` says so. */
function fitPhoto({ photo, rest }: Contact): Pick<Contact, "photo" | "rest"> {
  const kept = some(rest).map((text) => fitText(text, limits.textMax));
  if (photo === undefined) return { rest: kept };
  if ("url" in photo) return { photo: { url: fitText(photo.url, limits.textMax) }, rest: kept };
  const { bytes } = photo;
  const mediaType = pictureType(bytes);
  if (mediaType === undefined) return { rest: [...kept, `PHOTO: ${bytes.length} bytes that are no picture`] };
  if (bytes.length > limits.pictureBytesMax)
    return { rest: [...kept, `PHOTO: ${bytes.length} bytes, more than ${limits.pictureBytesMax}`] };
  return { photo: { mediaType, bytes }, rest: kept };
}

function some<Item>(items: readonly Item[]): Item[] {
  return items.slice(0, itemsMax);
}

function oneLine(text: string, charsMax: number): string {
  return fitText(text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim(), charsMax);
}
