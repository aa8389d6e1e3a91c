/**
 * One look at the mailboxes of an IMAP server: what came since the last one, oldest first, and nothing is changed there, flags included. A place is
 * the UID up to which a mailbox was taken, under its UIDVALIDITY. What is in a mailbox at the first look is not new; where a mailbox was numbered
 * anew, what came since the last look before is, and the place keeps that moment until all of it was taken.
 */
import { RoostError } from "@roost/base";
import type { ImapFlow } from "imapflow";
import type { LeftOutItem, SourceItem } from "../source-item.ts";
import { toMailItem } from "./mail-item.ts";
import { chooseMailboxes, visitMailServer, type MailServer } from "./open-mailboxes.ts";

export interface MailboxPlace {
  validity: string;
  uid: number;
  /** When the newest of those came there, by the server's clock. */
  newestAt?: string | undefined;
  /** How often the server has begun to count anew under one UIDVALIDITY, as one that was restored does. */
  era?: number;
  /** It was numbered anew: of what it has up to this UID, only what came since then can be new. */
  renumbered?: { since: string; upTo: number };
}

/** By the name of each mailbox. */
export type LookedPlace = Record<string, MailboxPlace>;

export interface LookAtMailOptions {
  /** Default: INBOX. */
  mailboxes: readonly string[];
  place: LookedPlace;
  /** Of the last look. */
  lookedAt: Date | undefined;
  now: Date;
  /** Of all mailboxes; what is left is taken at the next look. */
  mailsMax: number;
  signal: AbortSignal;
}

export interface MailLook {
  items: SourceItem[];
  place: LookedPlace;
  /** How many the next looks will bring. */
  laterCount: number;
  leftOut: LeftOutItem[];
}

/** Of a mail: what follows (attachments, mostly) is not read. */
const mailBytesMax = 256 * 1024;
const uidMax = 2 ** 32 - 1;
/** Between the clocks of a server and of Roost. */
const clockMs = 10 * 60_000;
/** A search goes by days, in whatever zone; and a mail may be on its way for a while. */
const dayMs = 24 * 3_600_000;

/** @throws RoostError `forbidden`: the login is refused; `not_found`: there is no such mailbox; `unavailable` */
export async function lookAtMail(server: MailServer, options: LookAtMailOptions): Promise<MailLook> {
  return await visitMailServer(server, { signal: options.signal, mailBytesMax }, async (client) => {
    const mailboxes = await chooseMailboxes(client, options.mailboxes, { withSent: false });
    let look: MailLook = { items: [], place: options.place, laterCount: 0, leftOut: [] };
    for (const [index, mailbox] of mailboxes.entries()) {
      // One that overflows leaves room for those behind it.
      const roomCount = Math.ceil((options.mailsMax - look.items.length) / (mailboxes.length - index));
      look = await lookAtMailbox(client, mailbox, { ...options, look, roomCount });
    }
    return look;
  });
}

interface MailboxOptions extends LookAtMailOptions {
  look: MailLook;
  roomCount: number;
}

async function lookAtMailbox(client: ImapFlow, name: string, options: MailboxOptions): Promise<MailLook> {
  const { look, lookedAt, roomCount } = options;
  const { validity, newestUid } = await openMailbox(client, name);
  const known = look.place[name];
  if (known === undefined) {
    const newestAt = await arrivalOf(client, newestUid);
    return { ...look, place: { ...look.place, [name]: { validity, uid: newestUid, newestAt } } };
  }
  const place = numberedAs(known, { validity, newestUid, lookedAt });
  const uids = await newUids(client, place);
  const taken = uids.slice(0, roomCount);
  const { items, oldCount, newestAt } = await readMails(client, taken, { name, place, now: options.now });
  const isLeft = uids.length > taken.length;
  // Nothing is left: also of UIDs of what was never mail for this look, such as what was removed meanwhile.
  const uid = isLeft ? (taken.at(-1) ?? place.uid) : Math.max(place.uid, newestUid, uids.at(-1) ?? 0);
  const { renumbered, ...reached } = { ...place, uid, newestAt };
  const isScanned = renumbered === undefined || uid >= renumbered.upTo;
  return {
    items: [...look.items, ...items],
    place: { ...look.place, [name]: isScanned ? reached : { ...reached, renumbered } },
    laterCount: look.laterCount + uids.length - taken.length,
    leftOut: oldCount === 0 ? look.leftOut : [...look.leftOut, { name, why: whyOld(oldCount, place) }],
  };
}

async function openMailbox(client: ImapFlow, name: string): Promise<{ validity: string; newestUid: number }> {
  const { uidValidity, uidNext } = await client.mailboxOpen(name, { readOnly: true });
  if (typeof uidValidity !== "bigint" || uidValidity < 1n)
    throw new RoostError("unavailable", `the server does not say how it numbers ${name} (UIDVALIDITY)`);
  if (Number.isSafeInteger(uidNext) && uidNext >= 1) return { validity: String(uidValidity), newestUid: uidNext - 1 };
  // Servers should say UIDNEXT, and need not.
  const [newestUid = 0] = (await search(client, { uid: "*" })).slice(-1);
  return { validity: String(uidValidity), newestUid };
}

/** The place under the numbers that the mailbox has now. */
function numberedAs(
  known: MailboxPlace,
  { validity, newestUid, lookedAt }: { validity: string; newestUid: number; lookedAt: Date | undefined },
): MailboxPlace {
  const isSame = known.validity === validity;
  if (isSame && newestUid >= known.uid) return known;
  return {
    validity,
    uid: 0,
    newestAt: known.newestAt,
    ...(isSame && { era: (known.era ?? 0) + 1 }),
    renumbered: { since: known.renumbered?.since ?? momentOf(known, lookedAt), upTo: newestUid },
  };
}

/** After which what came there was not seen: by the server's clock, as long as that is not far ahead. */
function momentOf({ newestAt }: MailboxPlace, lookedAt: Date | undefined): string {
  const lookedMs = lookedAt?.getTime() ?? 0;
  const newestMs = newestAt === undefined ? lookedMs - clockMs : Date.parse(newestAt);
  return new Date(Math.min(newestMs, lookedMs + clockMs)).toISOString();
}

async function arrivalOf(client: ImapFlow, uid: number): Promise<string | undefined> {
  if (uid === 0) return undefined;
  // The newest may be gone: the last of those that are left.
  for await (const { internalDate } of client.fetch("*", { uid: true, internalDate: true }, { uid: true })) {
    const at = new Date(internalDate ?? Number.NaN);
    if (!Number.isNaN(at.getTime())) return at.toISOString();
  }
  return undefined;
}

/** Ascending. */
async function newUids(client: ImapFlow, { uid, renumbered }: MailboxPlace): Promise<number[]> {
  if (renumbered === undefined) return await uidsAfter(client, uid);
  const since = new Date(Date.parse(renumbered.since) - dayMs);
  const scanned = uid >= renumbered.upTo ? [] : await search(client, { uid: `${uid + 1}:${renumbered.upTo}`, since });
  const later = await uidsAfter(client, Math.max(uid, renumbered.upTo));
  return [...scanned.filter((one) => one > uid && one <= renumbered.upTo), ...later];
}

async function uidsAfter(client: ImapFlow, uid: number): Promise<number[]> {
  // `n:*` names the last mail too where none is newer.
  return (await search(client, { uid: `${uid + 1}:*` })).filter((one) => one > uid);
}

/** @throws RoostError `unavailable`: a search that fails has found nothing out */
async function search(client: ImapFlow, query: { uid: string; since?: Date }): Promise<number[]> {
  const found = await client.search(query, { uid: true });
  if (!Array.isArray(found)) throw new RoostError("unavailable", "the server refuses to search for new mail");
  const uids = found.filter((uid) => Number.isSafeInteger(uid) && uid >= 1 && uid <= uidMax);
  return [...new Set(uids)].sort((a, b) => a - b);
}

/** In the order of their numbers; one that is gone meanwhile is left out. */
async function readMails(
  client: ImapFlow,
  uids: readonly number[],
  { name, place, now }: { name: string; place: MailboxPlace; now: Date },
): Promise<{ items: SourceItem[]; oldCount: number; newestAt: string | undefined }> {
  const { renumbered, validity, era } = place;
  const numbering = era === undefined ? validity : `${validity} ${era}`;
  const given = await fetchMails(client, uids, now);
  const items: SourceItem[] = [];
  let { newestAt } = place;
  let oldCount = 0;
  for (const uid of uids) {
    const mail = given.get(uid);
    if (mail === undefined) continue;
    const { source, arrivedAt } = mail;
    newestAt = [newestAt ?? "", arrivedAt.toISOString()].toSorted().at(-1);
    const sinceMs = renumbered === undefined || uid > renumbered.upTo ? undefined : Date.parse(renumbered.since);
    if (sinceMs !== undefined && arrivedAt.getTime() <= sinceMs) continue;
    const mayBeKnown = sinceMs !== undefined;
    const item = await toMailItem(source, { mailbox: name, numbering, uid, arrivedAt, mayBeKnown });
    // A mailbox that was restored may give all of its mail the same new date.
    if (sinceMs !== undefined && item.at.getTime() < sinceMs - dayMs) oldCount += 1;
    else items.push(item);
  }
  return { items, oldCount, newestAt };
}

interface GivenMail {
  /** Undefined: the server does not give it. */
  source: Buffer | undefined;
  arrivedAt: Date;
}

/** All at once, and where the server refuses that, one by one: a mail that it cannot give stops no other. */
async function fetchMails(client: ImapFlow, uids: readonly number[], now: Date): Promise<Map<number, GivenMail>> {
  const given = new Map<number, GivenMail>();
  if (uids.length === 0) return given;
  try {
    await fetchInto(client, uids, { given, now });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    for (const uid of uids.filter((one) => !given.has(one)))
      await fetchInto(client, [uid], { given, now }).catch((cause: unknown) => {
        if (!isRefusal(cause)) throw cause;
        given.set(uid, { source: undefined, arrivedAt: now });
      });
  }
  return given;
}

async function fetchInto(
  client: ImapFlow,
  uids: readonly number[],
  { given, now }: { given: Map<number, GivenMail>; now: Date },
): Promise<void> {
  const query = { uid: true, internalDate: true, source: { start: 0, maxLength: mailBytesMax } };
  for await (const { uid, internalDate, source } of client.fetch(uids.join(","), query, { uid: true })) {
    if (!uids.includes(uid) || given.has(uid)) continue;
    const arrivedAt = new Date(internalDate ?? now);
    given.set(uid, { source, arrivedAt: Number.isNaN(arrivedAt.getTime()) ? now : arrivedAt });
  }
}

/** Of one command; the connection goes on. */
function isRefusal(error: unknown): boolean {
  return ["NO", "BAD"].includes(String((error as { responseStatus?: unknown }).responseStatus));
}

function whyOld(count: number, { renumbered }: MailboxPlace): string {
  const since = renumbered?.since.slice(0, 10);
  return `it was numbered anew, and ${count} of its mails came there since ${since} but were sent long before: look there whether one is new`;
}
