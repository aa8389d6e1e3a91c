/** What mailboxes and calendars have for a heartbeat: marks by which it notices, a list of what is new, and the text of one item. */
import { hashOf } from "../disk/read-disk-file.ts";
import type { Labels } from "@roost/contract/labels";
import type { Memory } from "../memory.ts";
import { mayKnow } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { labelsOfSource, readSource, sourcesOf, type OutsideSource } from "./source-row.ts";

/** `mail:work` → the number of its newest mail; `event:home/7` → a hash, of events that begin soon. */
export type OutsideMarks = Record<string, string>;

function sourcesFor(memory: Memory, viewer: Viewer): OutsideSource[] {
  return sourcesOf(memory).filter((source) => mayKnow(viewer, labelsOfSource(source)));
}

export async function outsideMarks(memory: Memory, viewer: Viewer): Promise<OutsideMarks> {
  const marks: OutsideMarks = {};
  for (const source of sourcesFor(memory, viewer)) {
    if (source.kind === "mail") {
      const newest = await newestMail(memory, source);
      if (newest > 0) marks[`mail:${source.name}`] = String(newest);
    } else for (const event of await comingEvents(memory, source)) marks[markOf(source, event)] = hashOfEvent(event);
  }
  return marks;
}

/** Listed at once, oldest mails and soonest events first; the others follow at the next heartbeats. */
const listedMax = 40;

export interface OutsideNews {
  /** By Roost, without a word of what stands there. Empty: nothing is new. */
  lines: string[];
  /** What is not new any more once these lines were read. */
  marks: OutsideMarks;
}

interface MarksOfBeats {
  /** Of the last heartbeat that ended well. */
  before: OutsideMarks;
  now: OutsideMarks;
}

export async function listOutsideNews(
  memory: Memory,
  { viewer, ...marks }: { viewer: Viewer } & MarksOfBeats,
): Promise<OutsideNews> {
  const found: SourceNews[] = [];
  for (const source of sourcesFor(memory, viewer))
    found.push(await (source.kind === "mail" ? mailNews : eventNews)(memory, source, marks));
  const shares = divide(
    found.map(({ items }) => items.length),
    listedMax,
  );
  const told = await Promise.all(found.map((news, index) => toldOf(memory, news, shares[index] ?? 0)));
  // Of a source that the settings name no more, for when they name it again.
  const kept = Object.entries(marks.before).filter(([name]) => name.startsWith("mail:") && !(name in marks.now));
  return {
    lines: told.flatMap(({ lines }) => lines),
    marks: { ...Object.fromEntries(kept), ...Object.assign({}, ...told.map((each) => each.marks)) },
  };
}

interface SourceNews {
  source: OutsideSource;
  /** In the order in which they are told, the marks each with what is true once it is told. */
  items: { line: string; marks: OutsideMarks }[];
  /** Without any of them. */
  marks: OutsideMarks;
  /** New beside the items. */
  laterCount: number;
  goneCount: number;
}

async function mailNews(memory: Memory, source: OutsideSource, { before, now }: MarksOfBeats): Promise<SourceNews> {
  const mark = `mail:${source.name}`;
  const after = Number(before[mark] ?? 0);
  const upTo = Number(now[mark] ?? 0);
  const { mails, count } = await newMails(memory, source, { after, upTo });
  return {
    source,
    items: mails.map(({ number, at }, index) => ({
      line: `- ${mark}/${number}, sent ${memory.calendar.momentAt(at.getTime())}`,
      marks: { [mark]: index === count - 1 ? String(upTo) : number },
    })),
    marks: markAt(mark, count === 0 ? Math.max(after, upTo) : after),
    laterCount: count - mails.length,
    // Numbers have no gaps: what is missing was new for longer than it is kept.
    goneCount: Math.max(0, upTo - after - count),
  };
}

async function eventNews(memory: Memory, source: OutsideSource, { before, now }: MarksOfBeats): Promise<SourceNews> {
  const coming = (await comingEvents(memory, source)).filter((event) => now[markOf(source, event)] !== undefined);
  const isNew = (event: ItemRow) => now[markOf(source, event)] !== before[markOf(source, event)];
  const known = coming.map((event) => markOf(source, event)).filter((mark) => before[mark] !== undefined);
  return {
    source,
    items: coming.filter(isNew).map((event) => ({
      line: `- calendar:${source.name}/${event.number}, begins ${memory.calendar.momentAt(event.at.getTime())}`,
      marks: { [markOf(source, event)]: now[markOf(source, event)]! },
    })),
    marks: Object.fromEntries(known.map((mark) => [mark, before[mark]!])),
    laterCount: 0,
    goneCount: 0,
  };
}

async function toldOf(memory: Memory, news: SourceNews, share: number): Promise<OutsideNews> {
  const { source, items, goneCount } = news;
  const told = items.slice(0, share);
  const marks: OutsideMarks = Object.assign({}, news.marks, ...told.map((item) => item.marks));
  const laterCount = news.laterCount + items.length - told.length;
  const lines = told.map(({ line }) => line);
  const named = `${source.kind}:${source.name}`;
  if (goneCount > 0 && (share > 0 || items.length === 0))
    lines.unshift(`- ${goneCount} earlier ones of ${named} are not kept any more: the person finds them there`);
  if (laterCount > 0) lines.push(`- ${laterCount} more of ${named}, which follow at the next heartbeats`);
  if (lines.length === 0) return { lines, marks };
  const row = await readSource(memory.kernel.database, source);
  if ((row?.laterCount ?? 0) > 0) lines.push(`- ${row!.laterCount} more of ${named}, which later looks bring`);
  if ((row?.leftOut.length ?? 0) > 0)
    lines.push(`- ${row!.leftOut.length} of ${named} are left out: the person sees why in roost status`);
  return { lines, marks };
}

/** Each gets as much as it needs as long as there is some; what one does not need the others have. */
function divide(wanted: readonly number[], max: number): number[] {
  const shares = wanted.map(() => 0);
  let left = max;
  while (left > 0 && shares.some((share, index) => share < wanted[index]!))
    for (const [index, want] of wanted.entries())
      if (left > 0 && shares[index]! < want) {
        shares[index]! += 1;
        left -= 1;
      }
  return shares;
}

function markAt(mark: string, number: number): OutsideMarks {
  return number > 0 ? { [mark]: String(number) } : {};
}

function markOf({ name }: OutsideSource, { number }: ItemRow): string {
  return `event:${name}/${number}`;
}

function hashOfEvent({ at, text }: ItemRow): string {
  return hashOf(`${at.toISOString()}\n${text}`).slice(0, 16);
}

interface ItemRow {
  number: string;
  at: Date;
  text: string;
}

/** An item by its name, `mail:work/12`, for who may know of it. Undefined: there is none, or no longer. */
export async function readOutsideItem(
  memory: Memory,
  name: string,
  { as }: { as: Viewer },
): Promise<{ text: string; labels: Labels } | undefined> {
  const [, kind, of, number] = /^(mail|calendar):([^/]+)\/([0-9]{1,15})$/.exec(name) ?? [];
  const source = sourcesFor(memory, as).find((one) => one.name === of && one.kind === kind);
  if (source === undefined) return undefined;
  const [row] = await memory.kernel.database.query<ItemRow>(
    `select number, at, text from memory.source_item i join memory.source s on s.name = i.source
     where s.name = $1 and s.identity = $2 and number = $3`,
    [source.name, source.identity, number],
  );
  return row && { text: row.text, labels: labelsOfSource(source) };
}

/** Of whatever server the name meant: numbers go on, and what was not told of another one is not news of this one. */
async function newestMail({ kernel }: Memory, { name }: OutsideSource): Promise<number> {
  const [row] = await kernel.database.query<{ newest: number }>(
    `select next_number::int - 1 as newest from memory.source where name = $1`,
    [name],
  );
  return row?.newest ?? 0;
}

/** The oldest of those that are new. */
async function newMails(
  { kernel }: Memory,
  { name, identity }: OutsideSource,
  { after, upTo }: { after: number; upTo: number },
): Promise<{ mails: ItemRow[]; count: number }> {
  const rows = await kernel.database.query<ItemRow & { count: number }>(
    `select number, at, '' as text, count(*) over ()::int as count from memory.source_item i join memory.source s on s.name = i.source
     where s.name = $1 and s.identity = $2 and number > $3 and number <= $4 order by number limit $5`,
    [name, identity, after, upTo, listedMax],
  );
  return { mails: rows, count: rows[0]?.count ?? 0 };
}

const eventsMax = 1_000;

/** Of the home's clock: an event that has begun is no news. */
async function comingEvents({ kernel }: Memory, { name, identity, settings }: OutsideSource): Promise<ItemRow[]> {
  const nowMs = kernel.clock.nowMs();
  return await kernel.database.query<ItemRow>(
    `select number, at, text from memory.source_item i join memory.source s on s.name = i.source
     where s.name = $1 and s.identity = $2 and at >= $3 and at <= $4 order by at, number limit $5`,
    [name, identity, new Date(nowMs), new Date(nowMs + settings.soon), eventsMax],
  );
}
