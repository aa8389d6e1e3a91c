/** A mail (RFC 5322) as a message, and the mails of an mbox file (RFC 4155, mboxrd) one after the other. */
import { createHash } from "node:crypto";
import { mailLimits, parseMail, type MailAddress } from "@roost/sources/mail";
import type { MessageItem, SourceHandle, SourceMessage } from "./source-message.ts";

export interface MailOptions {
  /** The owner's own addresses, in small letters. */
  own: ReadonlySet<string>;
}

export async function readMail(bytes: Uint8Array, { own }: MailOptions): Promise<MessageItem> {
  const parsed = await parseMail(bytes);
  if ("fault" in parsed) return { fault: { reason: parsed.fault } };
  const { mail } = parsed;
  const from = handleOf(mail.from);
  const everybody = [from, ...mail.recipients.map(handleOf)];
  const others = new Map(everybody.filter(({ value }) => !own.has(value)).map((handle) => [handle.value, handle]));
  const isFromOwner = own.has(from.value);
  const externalId = mail.messageId ?? createHash("sha256").update(bytes).digest("hex");
  return {
    message: {
      source: "mail",
      externalId,
      conversation: {
        id: mail.references[0] ?? mail.inReplyTo ?? externalId,
        title: mail.subject === undefined ? undefined : plainSubject(mail.subject),
        isGroup: others.size > 1,
      },
      isFromOwner,
      sender: isFromOwner ? undefined : from,
      participants: [...others.values()],
      sentAt: mail.sentAt,
      subject: mail.subject,
      text: mail.text,
      isDeleted: false,
      isAutomatic: mail.isAutomatic,
      attachments: mail.attachments,
      replyTo: mail.inReplyTo,
    } satisfies SourceMessage,
  };
}

function handleOf({ address, name }: MailAddress): SourceHandle {
  return { kind: "email", value: address, name };
}

/** `From sender Tue Nov 14 22:13:20 2023`, with or without an offset: a sentence that begins so names no time. */
const separator = /^From \S+ .*\d\d:\d\d/;

/** Whether a mail of an mbox begins with this line. More may follow it: a file that begins so is an mbox. */
export function isSeparator(line: Buffer): boolean {
  return separator.test(line.toString("latin1", 0, 200));
}

/**
 * The mails of an mbox in chunks of any size, each with the offset at which it begins, so that a reader can go on there.
 * `>From ` within a mail is `From `. Of a mail past the limit only its beginning is held, one byte too long.
 */
export async function* splitMbox(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ offset: number; bytes: Uint8Array }> {
  let rest = Buffer.alloc(0);
  let lines: Buffer[] = [];
  let size = 0;
  let start: number | undefined;
  let offset = 0;
  let isAfterBlank = true;
  const finish = (): { offset: number; bytes: Uint8Array } | undefined =>
    start === undefined ? undefined : { offset: start, bytes: Buffer.concat(lines) };
  for await (const chunk of withEnd(chunks)) {
    rest = chunk === undefined ? rest : Buffer.concat([rest, chunk]);
    let from = 0;
    for (;;) {
      const end = rest.indexOf(10, from);
      if (end < 0 && (chunk !== undefined || from >= rest.length)) break;
      const line = rest.subarray(from, end < 0 ? rest.length : end + 1);
      if (isAfterBlank && isSeparator(line)) {
        const mail = finish();
        if (mail !== undefined) yield mail;
        [start, lines, size] = [offset, [], 0];
      } else if (start !== undefined && size <= mailLimits.bytesMax) {
        const isQuoted = /^>+From /.test(line.subarray(0, 80).toString("latin1"));
        lines.push(isQuoted ? line.subarray(1) : line);
        size += line.length;
      }
      isAfterBlank = line.length <= 2 && line.toString("latin1").trim() === "";
      offset += line.length;
      from += line.length;
    }
    rest = Buffer.from(rest.subarray(from));
  }
  const mail = finish();
  if (mail !== undefined) yield mail;
}

async function* withEnd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | undefined> {
  yield* chunks;
  yield undefined;
}

function plainSubject(subject: string): string {
  return subject.replace(/^(?:\s*(?:re|fwd?|aw|wg|sv|vs|tr)\s*:)+\s*/i, "").trim();
}
