/**
 * One look at the mailboxes of an IMAP server: what came since the last one, oldest first, and nothing is changed there, flags included. A place is
 * the UID up to which a mailbox was taken, under its UIDVALIDITY. What is in a mailbox at the first look is not new.
 */
import { createHash } from "node:crypto";
import { RoostError } from "@roost/base";
import type { ImapFlow } from "imapflow";
import { cutText, type SourceItem } from "../source-item.ts";
import { chooseMailboxes, createMailClient, logIn, type MailServer } from "./open-mailboxes.ts";
import { parseMail, type ParsedMail } from "./parse-mail.ts";

/** By the name of each mailbox. */
export type LookedPlace = Record<string, { validity: string; uid: number }>;

export interface LookAtMailOptions {
  /** Default: INBOX. */
  mailboxes: readonly string[];
  place: LookedPlace;
  /** Of the last look: where a mailbox was numbered anew, what has come since then is taken; the same mail has the same key. */
  lookedAt: Date | undefined;
  /** Of all mailboxes; what is left is taken at the next look. */
  mailsMax: number;
  signal: AbortSignal;
}

export interface MailLook {
  items: SourceItem[];
  place: LookedPlace;
  leftCount: number;
}

/** Of a mail: what follows (attachments, mostly) is not read. */
const mailBytesMax = 256 * 1024;

/** @throws RoostError `forbidden`: the login is refused; `not_found`: there is no such mailbox; `unavailable` */
export async function lookAtMail(server: MailServer, options: LookAtMailOptions): Promise<MailLook> {
  const { signal } = options;
  signal.throwIfAborted();
  const client = createMailClient(server);
  // Without a listener an error of the connection would end the process; the call that waits gets it too.
  client.on("error", () => undefined);
  const stop = () => client.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await logIn(client, server);
    const mailboxes = await chooseMailboxes(client, options.mailboxes, { withSent: false });
    let look: MailLook = { items: [], place: options.place, leftCount: 0 };
    for (const mailbox of mailboxes) look = await lookAtMailbox(client, mailbox, { ...options, look });
    await client.logout();
    return look;
  } catch (cause) {
    if (cause instanceof RoostError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RoostError("unavailable", `${server.host} cannot be read: ${reason.slice(0, 300)}`, { cause });
  } finally {
    signal.removeEventListener("abort", stop);
    client.close();
  }
}

async function lookAtMailbox(
  client: ImapFlow,
  name: string,
  { look, lookedAt, mailsMax }: LookAtMailOptions & { look: MailLook },
): Promise<MailLook> {
  const { uidValidity, uidNext } = await client.mailboxOpen(name, { readOnly: true });
  const validity = String(uidValidity);
  const known = look.place[name];
  const at = (uid: number): LookedPlace => ({ ...look.place, [name]: { validity, uid } });
  if (known === undefined) return { ...look, place: at(uidNext - 1) };
  const isRenumbered = known.validity !== validity;
  const after = isRenumbered ? 0 : known.uid;
  // `n:*` names the last mail too where none is newer; `since` counts days.
  const asked = { uid: `${after + 1}:*`, ...(isRenumbered && lookedAt !== undefined && { since: lookedAt }) };
  const found = await client.search(asked, { uid: true });
  const uids = (found === false || found === undefined ? [] : found).filter((uid) => uid > after).sort((a, b) => a - b);
  const taken = uids.slice(0, Math.max(0, mailsMax - look.items.length));
  const items: SourceItem[] = [];
  if (taken.length > 0) {
    const query = { uid: true, internalDate: true, source: { start: 0, maxLength: mailBytesMax } };
    for await (const { uid, internalDate, source } of client.fetch(taken.join(","), query, { uid: true })) {
      const arrivedAt = new Date(internalDate ?? lookedAt ?? 0);
      if (isRenumbered && lookedAt !== undefined && arrivedAt < lookedAt) continue;
      items.push(await toItem(source, { place: `${name}\n${validity}\n${uid}`, arrivedAt }));
    }
  }
  const leftCount = look.leftCount + uids.length - taken.length;
  // Nothing is left: also of UIDs of what was never mail for this look, such as what was removed meanwhile.
  const reached = uids.length > taken.length ? (taken.at(-1) ?? after) : Math.max(after, uidNext - 1);
  return { items: [...look.items, ...items], place: at(reached), leftCount };
}

async function toItem(
  source: Buffer | undefined,
  { place, arrivedAt }: { place: string; arrivedAt: Date },
): Promise<SourceItem> {
  const parsed = source === undefined ? { fault: "it has no text" } : await parseMail(source);
  if ("fault" in parsed) return { key: hashOf(place), at: arrivedAt, text: `(${parsed.fault})` };
  const { mail } = parsed;
  return { key: hashOf(mail.messageId ?? place), at: new Date(mail.sentAt), text: cutText(textOf(mail)) };
}

function textOf({ from, recipients, sentAt, subject, isAutomatic, attachments, text }: ParsedMail): string {
  const written = ({ address, name }: ParsedMail["from"]) => (name === undefined ? address : `${name} <${address}>`);
  const lines = [
    `From: ${written(from)}`,
    `To: ${recipients.slice(0, 20).map(written).join(", ")}`,
    `Sent: ${sentAt}`,
    `Subject: ${subject ?? ""}`,
    ...(isAutomatic ? ["Sent by a list or a program"] : []),
    ...(attachments.length > 0
      ? [
          `Attached: ${attachments
            .slice(0, 20)
            .map(({ name, mediaType }) => name ?? mediaType)
            .join(", ")}`,
        ]
      : []),
  ];
  return `${lines.join("\n")}\n\n${text}`;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
