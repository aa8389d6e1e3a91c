/** What a mail (RFC 5322) says: from whom and to whom, when, and its text. */
import PostalMime, { type Address, type Email } from "postal-mime";

export const mailLimits = { bytesMax: 50 * 1024 * 1024, textMax: 256 * 1024 } as const;

export interface MailAddress {
  /** In small letters. */
  address: string;
  name: string | undefined;
}

export interface ParsedMail {
  from: MailAddress;
  recipients: MailAddress[];
  sentAt: string;
  subject: string | undefined;
  text: string;
  /** By a list or a program. */
  isAutomatic: boolean;
  attachments: { name: string | undefined; mediaType: string; bytes: number }[];
  messageId: string | undefined;
  inReplyTo: string | undefined;
  references: string[];
}

/** A mail, or why it is none. Of one that was cut, what is there. */
export async function parseMail(bytes: Uint8Array): Promise<{ mail: ParsedMail } | { fault: string }> {
  if (bytes.length > mailLimits.bytesMax)
    return {
      fault: `a mail of ${Math.round(bytes.length / 1024 / 1024)} MB is larger than ${mailLimits.bytesMax / 1024 / 1024} MB`,
    };
  let mail: Email;
  try {
    mail = await PostalMime.parse(bytes);
  } catch (error) {
    return { fault: `a mail cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
  const from = addressesOf(mail.from === undefined ? [] : [mail.from])[0];
  const sentAt = momentOf(mail);
  if (from === undefined || sentAt === undefined)
    return {
      fault: `a mail has no ${from === undefined ? "sender" : "date"}: "${(mail.subject ?? "").slice(0, 80)}"`,
    };
  return {
    mail: {
      from,
      recipients: addressesOf([...(mail.to ?? []), ...(mail.cc ?? []), ...(mail.bcc ?? [])]),
      sentAt,
      subject: mail.subject,
      text: textOf(mail),
      isAutomatic: isAutomatic(mail),
      attachments: mail.attachments.map(({ filename, mimeType, content }) => ({
        name: filename ?? undefined,
        mediaType: mimeType,
        bytes: typeof content === "string" ? content.length : content.byteLength,
      })),
      messageId: mail.messageId,
      inReplyTo: mail.inReplyTo,
      references: [...(mail.references ?? "").matchAll(/<[^<>\s]+>/g)].map(([id]) => id),
    },
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

function addressesOf(addresses: readonly Address[]): MailAddress[] {
  return addresses
    .flatMap((address) => ("group" in address && address.group !== undefined ? address.group : [address]))
    .flatMap(({ address, name }) =>
      address === undefined || address === "" ? [] : [{ address: address.toLowerCase(), name: name || undefined }],
    );
}

/** As records hold them: what a sender claims beyond these is no date. */
const sentAtMsMin = Date.UTC(1970, 0, 1);
const sentAtMsMax = Date.UTC(9998, 11, 31);

/** The Date of its sender, or that of the last server that passed it on. */
function momentOf({ date, headers }: Email): string | undefined {
  const received = headers
    .find(({ key }) => key === "received")
    ?.value.split(";")
    .at(-1);
  for (const text of [date, received]) {
    const at = Date.parse(text ?? "");
    if (at >= sentAtMsMin && at <= sentAtMsMax) return new Date(at).toISOString();
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
