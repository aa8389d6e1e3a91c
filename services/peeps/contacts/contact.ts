/** A person as an address book tells of them: what every format of contacts is read to and written from. */
import { canonicalJson } from "@roost/base";
import type { PartialDate } from "./partial-date.ts";

export interface ContactName {
  /** As it is shown. */
  full: string;
  given?: string | undefined;
  middle?: string | undefined;
  family?: string | undefined;
  prefix?: string | undefined;
  suffix?: string | undefined;
  nicknames: string[];
}

/** How a person is reached. `service` says where a user name belongs: `telegram`, `skype`, `xmpp`. */
export interface ContactHandle {
  kind: "phone" | "email" | "username";
  service?: string | undefined;
  /** As written. */
  value: string;
  /** `home`, `work`, `cell`, or what a person called it. */
  label?: string | undefined;
  isPreferred: boolean;
}

export interface ContactAddress {
  label?: string | undefined;
  street?: string | undefined;
  city?: string | undefined;
  region?: string | undefined;
  postcode?: string | undefined;
  country?: string | undefined;
}

export interface ContactDate {
  /** `birthday`, `anniversary`, `death`, or what a person called it. */
  label: string;
  date: PartialDate;
}

/** Another person, by name or by their key in the same book. */
export interface ContactRelation {
  /** `spouse`, `child`, or what a person called it. */
  type: string;
  name?: string | undefined;
  key?: string | undefined;
}

/** That two people spoke, from a book that keeps it. */
export interface ContactInteraction {
  kind: "call" | "message" | "meeting";
  /** ISO 8601 */
  at: string;
  isFromOwner: boolean;
  text?: string | undefined;
}

export interface Contact {
  /** Their id in the book that they came from: UID of a vCard. */
  key?: string | undefined;
  kind: "person" | "organization" | "group";
  name: ContactName;
  handles: ContactHandle[];
  addresses: ContactAddress[];
  links: { label?: string | undefined; url: string }[];
  organization?: string | undefined;
  department?: string | undefined;
  title?: string | undefined;
  gender?: string | undefined;
  dates: ContactDate[];
  relations: ContactRelation[];
  notes: string[];
  tags: string[];
  photo?: { mediaType: string; bytes: Uint8Array } | { url: string } | undefined;
  /** Known only through another person. */
  isPartial?: boolean | undefined;
  /** At least once in so many days is wanted. */
  keepInTouchDays?: number | undefined;
  interactions?: ContactInteraction[] | undefined;
  /** What the book says and a contact has no place for, as `NAME: value`; long values are cut. */
  rest: string[];
}

/** Once, where a card says the same day twice. */
export function addDate({ dates }: Contact, added: ContactDate): void {
  if (!dates.some((known) => canonicalJson(known) === canonicalJson(added))) dates.push(added);
}

export function emptyContact(full: string): Contact {
  return {
    kind: "person",
    name: { full, nicknames: [] },
    handles: [],
    addresses: [],
    links: [],
    dates: [],
    relations: [],
    notes: [],
    tags: [],
    rest: [],
  };
}
