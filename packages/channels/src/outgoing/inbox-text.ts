/** The inbox as a text for a chat: the list that `roost inbox` and the console show, and where each entry is answered. */
import type { InboxEntryRecord } from "@roost/contract/operations";
import type { Inbox } from "../room.ts";

export const inboxEntriesMax = 30;
/** Of an entry; questions are shown whole with their buttons. */
const titleCharsMax = 300;

const answers: Readonly<Record<InboxEntryRecord["kind"], string>> = {
  approval: "by its buttons",
  question: "by its buttons or a reply",
  unknown: "by the buttons below",
  failure: "by the buttons below",
};

export function inboxText({ items, isMore }: Inbox): string {
  if (items.length === 0) return "Nothing waits for you.";
  const lines = items.map(({ kind, title }, index) => {
    const line = title.replace(/\s+/g, " ");
    const shown = line.length > titleCharsMax ? `${line.slice(0, titleCharsMax).toWellFormed()}…` : line;
    return `${index + 1}. ${shown} (${answers[kind]})`;
  });
  return [
    ...lines,
    ...(isMore ? [`More wait than these ${items.length}: answer some, then send /inbox again`] : []),
  ].join("\n");
}
