/**
 * Mailboxes of an IMAP server, read on as they grow, and changed in nothing: opened for reading only. A place is the UID up
 * to which a mailbox was handed over, under its UIDVALIDITY; another UIDVALIDITY begins it anew, and what was taken before is
 * taken once by the ids of the mails.
 */
import { RoostError, sleepUntilAborted } from "@roost/base";
import { chooseMailboxes, createMailClient, logIn, type MailServer } from "@roost/sources/mailboxes";
import type { ImapFlow } from "imapflow";
import { keepConnected, type KeepConnectedOptions } from "../servers/keep-connected.ts";
import { mailLimits } from "@roost/sources/mail";
import { readMail } from "./mail.ts";
import type { MessageItem } from "./source-message.ts";

/** By the name of each mailbox. */
export type MailPlace = Record<string, { validity: string; uid: number }>;

export interface WatchMailboxesOptions extends KeepConnectedOptions {
  server: MailServer;
  /** Default: INBOX, and what the server calls sent. */
  mailboxes: readonly string[];
  /** The owner's own addresses, in small letters. */
  own: ReadonlySet<string>;
  place: MailPlace;
  /** Hands over and saves the place; both or none. */
  take: (items: MessageItem[], place: MailPlace, left: number) => Promise<void>;
  /** Default a minute: what is no INBOX is looked at so often, and silence is told. */
  pollMs?: number;
}

const batchMax = 20;

/** Until it is stopped. @throws RoostError `forbidden`: the server refuses the login; `not_found`: it has no such mailbox */
export async function watchMailboxes(options: WatchMailboxesOptions): Promise<void> {
  let { place } = options;
  const readOnFrom = async (onNews: () => void): Promise<void> => {
    const take: WatchMailboxesOptions["take"] = async (items, reached, left) => {
      await options.take(items, reached, left);
      if (reached !== place) onNews();
      place = reached;
    };
    await readOn({ ...options, place, take });
  };
  await keepConnected(readOnFrom, options);
}

/** As long as one connection lasts. */
async function readOn(options: WatchMailboxesOptions): Promise<void> {
  const { signal, pollMs = 60_000 } = options;
  const client = createMailClient(options.server);
  let news = new AbortController();
  client.on("exists", () => news.abort());
  // Without a listener an error of the connection would end the process; the call that waits gets it too.
  client.on("error", () => news.abort());
  client.on("close", () => news.abort());
  const stop = () => void client.logout().catch(() => client.close());
  signal.addEventListener("abort", stop, { once: true });
  try {
    await logIn(client, options.server);
    const mailboxes = await chooseMailboxes(client, options.mailboxes, { withSent: true });
    let { place } = options;
    while (!signal.aborted && client.usable) {
      // The last one stays open and tells of what comes.
      for (const mailbox of mailboxes.toReversed()) place = await readMailbox(client, mailbox, { ...options, place });
      await options.take([], place, 0);
      // Ends with the next command.
      void client.idle().catch(() => undefined);
      await sleepUntilAborted(pollMs, { signal: AbortSignal.any([signal, news.signal]) });
      news = new AbortController();
    }
    if (!signal.aborted) throw new RoostError("unavailable", "the server closed the connection");
  } finally {
    signal.removeEventListener("abort", stop);
    client.close();
  }
}

async function readMailbox(
  client: ImapFlow,
  name: string,
  { place: from, own, take }: WatchMailboxesOptions,
): Promise<MailPlace> {
  const { uidValidity } = await client.mailboxOpen(name, { readOnly: true });
  const validity = String(uidValidity);
  const known = from[name];
  let place: MailPlace = known?.validity === validity ? from : { ...from, [name]: { validity, uid: 0 } };
  const after = place[name]?.uid ?? 0;
  // `n:*` names the last mail too where none is newer.
  const found = await client.search({ uid: `${after + 1}:*` }, { uid: true });
  const uids = (found === false || found === undefined ? [] : found).filter((uid) => uid > after).sort((a, b) => a - b);
  for (let at = 0; at < uids.length; at += batchMax) {
    const batch = uids.slice(at, at + batchMax);
    const items: MessageItem[] = [];
    const query = { uid: true, source: { start: 0, maxLength: mailLimits.bytesMax + 1 } };
    for await (const { uid, source } of client.fetch(batch.join(","), query, { uid: true })) {
      const item = source === undefined ? undefined : await readMail(source, { own });
      if (item === undefined || "fault" in item)
        items.push({ fault: { file: `${name}, UID ${uid}`, reason: item?.fault.reason ?? "has no text" } });
      else items.push(item);
    }
    place = { ...place, [name]: { validity, uid: batch.at(-1) ?? after } };
    await take(items, place, uids.length - at - batch.length);
  }
  return place;
}
