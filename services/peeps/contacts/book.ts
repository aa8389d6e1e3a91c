/** What reading an address book of any format gives: the contacts, and what could not be read, each by its line. */
import type { Contact } from "./contact.ts";

export interface BookFault {
  /** From 1; undefined: the whole file. */
  line?: number | undefined;
  reason: string;
}

export interface Book {
  contacts: Contact[];
  faults: BookFault[];
}
