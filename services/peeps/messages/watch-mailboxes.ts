/**
 * Mailboxes of an IMAP server, read on as they grow, and changed in nothing: opened for reading only. A place is the UID up
 * to which a mailbox was handed over, under its UIDVALIDITY; another UIDVALIDITY begins it anew, and what was taken before is
 * taken once by the ids of the mails.
 */
import { RoostError, sleepUntilAborted } from "@roost/base";
import { ImapFlow, type ImapFlowOptions } from "imapflow";
import { isThisMachine } from "../servers/is-this-machine.ts";
import { keepConnected, type KeepConnectedOptions } from "../servers/keep-connected.ts";
import { mailLimits, readMail } from "./mail.ts";
import type { MessageItem } from "./source-message.ts";

/** By the name of each mailbox. */
export type MailPlace = Record<string, { validity: string; uid: number }>;

export interface MailServer {
  host: string;
  port: number;
  user: string;
  /** TLS from the first byte; else STARTTLS, without which only this machine is spoken to. */
  isSecure: boolean;
  password: string;
  /** Beside the system's: of a server of one's own. */
  ca?: string | undefined;
}

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
const mailboxesMax = 50;

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
  const client = new ImapFlow(toOptions(options.server));
  let news = new AbortController();
  client.on("exists", () => news.abort());
  // Without a listener an error of the connection would end the process; the call that waits gets it too.
  client.on("error", () => news.abort());
  client.on("close", () => news.abort());
  const stop = () => void client.logout().catch(() => client.close());
  signal.addEventListener("abort", stop, { once: true });
  try {
    await logIn(client, options.server);
    const mailboxes = await chooseMailboxes(client, options.mailboxes);
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

function toOptions({ host, port, user, isSecure, password, ca }: MailServer): ImapFlowOptions {
  return {
    host,
    port,
    secure: isSecure,
    ...(isSecure || isThisMachine(host) ? {} : { doSTARTTLS: true }),
    auth: { user, pass: password },
    logger: false,
    ...(ca === undefined ? {} : { tls: { ca } }),
    maxIdleTime: 10 * 60_000,
  };
}

async function logIn(client: ImapFlow, { host, user }: MailServer): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    if ((error as { authenticationFailed?: boolean }).authenticationFailed === true)
      throw new RoostError("forbidden", `${host} refuses the login of ${user}: look at the secret that --secret names`);
    throw error;
  }
}

async function chooseMailboxes(client: ImapFlow, wanted: readonly string[]): Promise<string[]> {
  const there = await client.list();
  if (wanted.length === 0) {
    const sent = there.filter(({ specialUse }) => specialUse === String.raw`\Sent`).map(({ path }) => path);
    return ["INBOX", ...sent].slice(0, mailboxesMax);
  }
  const missing = wanted.find((name) => !there.some(({ path }) => path === name));
  if (missing !== undefined)
    throw new RoostError(
      "not_found",
      `there is no mailbox ${missing}: there are ${there
        .map(({ path }) => path)
        .slice(0, 20)
        .join(", ")}`,
    );
  return wanted.slice(0, mailboxesMax);
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
