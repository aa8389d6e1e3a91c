/** The inbox as a text for a chat: the list that `roost inbox` and the console show, and where each entry is answered. */
import { visibleText } from "@roost/base";
import { clipText, type InboxEntryRecord } from "@roost/contract/operations";
import type { Inbox } from "../room.ts";
import { entriesShownMax, isAnsweredHere } from "./send-entries.ts";

export const inboxEntriesMax = 30;
/** Of an entry; questions are shown whole with their buttons. */
const titleCharsMax = 300;

const answers: Readonly<Record<InboxEntryRecord["kind"], string>> = {
  approval: "by its buttons",
  question: "by its buttons or a reply",
  unknown: "by the buttons below",
  failure: "by the buttons below",
  claim: "by the buttons below",
};

const laterAnswer = "by buttons that come with the next /inbox, when those before it are answered";

export function inboxText({ items, isMore }: Inbox): string {
  if (items.length === 0) return "Nothing waits for you.";
  const later = new Set<InboxEntryRecord>(items.filter(isAnsweredHere).slice(entriesShownMax));
  const lines = items.map((entry, index) => {
    const line = visibleText(entry.title.replace(/\s+/g, " "));
    const answer = later.has(entry) ? laterAnswer : answers[entry.kind];
    return `${index + 1}. ${clipText(line, titleCharsMax)} (${answer})`;
  });
  return [
    ...lines,
    ...(isMore ? [`More wait than these ${items.length}: answer some, then send /inbox again`] : []),
  ].join("\n");
}
