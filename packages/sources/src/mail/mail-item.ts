/** A mail as an item of a source: its fields, each a line of Roost's making, then its text. */
import { cutText, hashOf, wordOf, type SourceItem } from "../source-item.ts";
import { parseMail, type ParsedMail } from "./parse-mail.ts";

export interface StandingMail {
  mailbox: string;
  numbering: string;
  uid: number;
  arrivedAt: Date;
  mayBeKnown: boolean;
}

/** Its identity is its place, which the server gives: what a sender wrote, the Message-ID included, makes no two mails one. */
export async function toMailItem(
  source: Buffer | undefined,
  { mailbox, numbering, uid, arrivedAt, mayBeKnown }: StandingMail,
): Promise<SourceItem> {
  const parsed = source === undefined ? { fault: "it has no text" } : await parseMail(source);
  const key = hashOf(mailbox, numbering, String(uid));
  const marks = { mailbox, numbering, mayBeKnown };
  if ("fault" in parsed)
    return {
      key,
      at: arrivedAt,
      text: `(${wordOf(parsed.fault)})`,
      mail: { ...marks, likeness: hashOf(source?.toString("latin1") ?? "") },
    };
  const { mail } = parsed;
  const text = cutText(textOf(mail));
  return { key, at: new Date(mail.sentAt), text, mail: { ...marks, likeness: hashOf(mail.messageId ?? "", text) } };
}

const namesMax = 20;
const subjectCharsMax = 500;

function textOf({ from, recipients, sentAt, subject, isAutomatic, attachments, text }: ParsedMail): string {
  const lines = [
    `From: ${addressOf(from)}`,
    `To: ${recipients.slice(0, namesMax).map(addressOf).join(", ")}`,
    `Sent: ${sentAt}`,
    `Subject: ${wordOf(subject ?? "", subjectCharsMax)}`,
    ...(isAutomatic ? ["Sent by a list or a program"] : []),
    ...(attachments.length > 0
      ? [
          `Attached: ${attachments
            .slice(0, namesMax)
            .map(({ name, mediaType }) => wordOf(name ?? mediaType))
            .join(", ")}`,
        ]
      : []),
  ];
  return `${lines.join("\n")}\n\n${text}`;
}

function addressOf({ address, name }: ParsedMail["from"]): string {
  return name === undefined ? wordOf(address) : `${wordOf(name)} <${wordOf(address)}>`;
}
