/** What a source gives: items, what it leaves out, and words of servers and senders as bounded lines. */
import { createHash } from "node:crypto";
import { plainLine } from "@roost/base/text-width";
import { clipText } from "@roost/contract/operations";

/** A mail or an event as a source has it, before it is known whom it concerns. Untrusted. */
export interface SourceItem {
  /** Stays the same as long as it is the same mail or occurrence, and is chosen by the server alone; a hash. */
  key: string;
  /** A mail: when it was sent; an event: when it begins. */
  at: Date;
  text: string;
  /** Of a mail. */
  mail?: MailMarks;
}

export interface MailMarks {
  mailbox: string;
  /** Under which its mailbox numbers mails; another one numbers them anew. */
  numbering: string;
  /** A hash of its Message-ID and of what it says: finds a mail again whose mailbox was numbered anew, and says nothing else. */
  likeness: string;
  /** Its mailbox was numbered anew, and it may have been taken before. */
  mayBeKnown: boolean;
}

/** What no later look brings by itself. */
export interface LeftOutItem {
  /** As the server or the sender calls it. */
  name: string;
  why: string;
}

/** Of what one item says; what is longer is cut, and said to be. */
export const itemCharsMax = 20_000;

export function cutText(text: string): string {
  if (text.length <= itemCharsMax) return text.toWellFormed();
  return `${text.slice(0, itemCharsMax).toWellFormed()}\n(${text.length - itemCharsMax} more characters are not kept)`;
}

const wordCharsMax = 300;

/** A word of a server or a sender: one line of bounded length, that no mark turns and no line break makes pass for a field of Roost's. */
export function wordOf(text: string, charsMax: number = wordCharsMax): string {
  return clipText(plainLine(text.slice(0, 4 * charsMax).toWellFormed()), charsMax);
}

/** A key or a likeness, of what makes it up. */
export function hashOf(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex");
}

const namesShown = 20;
const nameCharsMax = 60;

/** As a server gives them: some, each a bounded line. */
export function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).map((name) => wordOf(name, nameCharsMax));
  return [...shown, ...(names.length > namesShown ? [`${names.length - namesShown} more`] : [])].join(", ");
}
