/** A mail (RFC 5322) as a message, and the mails of an mbox file (RFC 4155, mboxrd) one after the other. */
import { createHash } from "node:crypto";
import PostalMime, { type Address, type Email } from "postal-mime";
import type { MessageItem, SourceHandle, SourceMessage } from "./source-message.ts";

export interface MailOptions {
  /** The owner's own addresses, in small letters. */
  own: ReadonlySet<string>;
}

export const mailLimits = { bytesMax: 50 * 1024 * 1024, textMax: 256 * 1024 } as const;

export async function readMail(bytes: Uint8Array, { own }: MailOptions): Promise<MessageItem> {
  if (bytes.length > mailLimits.bytesMax)
    return {
      fault: {
        reason: `a mail of ${Math.round(bytes.length / 1024 / 1024)} MB is larger than ${mailLimits.bytesMax / 1024 / 1024} MB`,
      },
    };
  let mail: Email;
  try {
    mail = await PostalMime.parse(bytes);
  } catch (error) {
    return { fault: { reason: `a mail cannot be read: ${error instanceof Error ? error.message : String(error)}` } };
  }
  const from = handlesOf(mail.from === undefined ? [] : [mail.from])[0];
  const sentAt = momentOf(mail);
  if (from === undefined || sentAt === undefined)
    return {
      fault: {
        reason: `a mail has no ${from === undefined ? "sender" : "date"}: "${(mail.subject ?? "").slice(0, 80)}"`,
      },
    };
  const everybody = [from, ...handlesOf([...(mail.to ?? []), ...(mail.cc ?? []), ...(mail.bcc ?? [])])];
  const others = new Map(everybody.filter(({ value }) => !own.has(value)).map((handle) => [handle.value, handle]));
  const isFromOwner = own.has(from.value);
  const references = [...(mail.references ?? "").matchAll(/<[^<>\s]+>/g)].map(([id]) => id);
  const externalId = mail.messageId ?? createHash("sha256").update(bytes).digest("hex");
  return {
    message: {
      source: "mail",
      externalId,
      conversation: {
        id: references[0] ?? mail.inReplyTo ?? externalId,
        title: mail.subject === undefined ? undefined : plainSubject(mail.subject),
        isGroup: others.size > 1,
      },
      isFromOwner,
      sender: isFromOwner ? undefined : from,
      participants: [...others.values()],
      sentAt,
      subject: mail.subject,
      text: textOf(mail),
      isDeleted: false,
      isAutomatic: isAutomatic(mail),
      attachments: mail.attachments.map(({ filename, mimeType, content }) => ({
        name: filename ?? undefined,
        mediaType: mimeType,
        bytes: typeof content === "string" ? content.length : content.byteLength,
      })),
      replyTo: mail.inReplyTo,
    } satisfies SourceMessage,
  };
}

/** RFC 2919, RFC 3834, and a header that lists have always set. */
function isAutomatic({ headers }: Email): boolean {
  return headers.some(({ key, value }) => {
    if (key === "list-id" || key === "list-unsubscribe") return true;
    return key === "auto-submitted"
      ? value.toLowerCase() !== "no"
      : key === "precedence" && /bulk|list|junk/i.test(value);
  });
}

/** `From sender Tue Nov 14 22:13:20 2023`, with or without an offset: a sentence that begins so names no time. */
const separator = /^From \S+ .*\d\d:\d\d/;

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
      if (isAfterBlank && separator.test(line.subarray(0, 200).toString("latin1"))) {
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

function handlesOf(addresses: readonly Address[]): SourceHandle[] {
  return addresses
    .flatMap((address) => ("group" in address && address.group !== undefined ? address.group : [address]))
    .flatMap(({ address, name }) =>
      address === undefined || address === ""
        ? []
        : [{ kind: "email", value: address.toLowerCase(), name: name || undefined }],
    );
}

/** The Date of its sender, or that of the last server that passed it on. */
function momentOf({ date, headers }: Email): string | undefined {
  const received = headers
    .find(({ key }) => key === "received")
    ?.value.split(";")
    .at(-1);
  for (const text of [date, received]) {
    const at = Date.parse(text ?? "");
    if (!Number.isNaN(at)) return new Date(at).toISOString();
  }
  return undefined;
}

/** From HTML where there is no text. */
function textOf({ text, html }: Email): string {
  const whole = text ?? (html === undefined ? "" : htmlText(html.slice(0, 4 * mailLimits.textMax)));
  return whole.slice(0, mailLimits.textMax).replaceAll("\r\n", "\n").trim();
}

/** In one pass: a sender chooses the HTML, and an expression that looks for an end that never comes would do so at every tag. */
function htmlText(html: string): string {
  let [text, at] = ["", 0];
  while (at < html.length) {
    const open = html.indexOf("<", at);
    text += html.slice(at, open < 0 ? html.length : open);
    const close = open < 0 ? -1 : html.indexOf(">", open);
    if (close < 0) break;
    const name = /^\/?[a-z0-9]*/.exec(html.slice(open + 1, open + 20).toLowerCase())?.[0] ?? "";
    if (["br", "/p", "/div", "/tr", "/li"].includes(name)) text += "\n";
    at = close + 1;
    if (!["style", "script", "head"].includes(name)) continue;
    const end = new RegExp(`</${name}`, "gi");
    end.lastIndex = at;
    const found = end.exec(html);
    if (found === null) break;
    at = found.index;
  }
  return text.replaceAll(/&(nbsp|amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? "");
}

const entities: Record<string, string> = { nbsp: " ", amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function plainSubject(subject: string): string {
  return subject.replace(/^(?:\s*(?:re|fwd?|aw|wg|sv|vs|tr)\s*:)+\s*/i, "").trim();
}
