/** What mailboxes and calendars have for a heartbeat: marks by which it notices, a list of what is new, and the text of one item. */
import { hashOf } from "../disk/read-disk-file.ts";
import type { Labels } from "@roost/contract/labels";
import type { Memory } from "../memory.ts";
import { mayKnow } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { labelsOfSource, sourcesOf, type OutsideSource } from "./source-row.ts";

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
    } else {
      for (const { number, at, text } of await comingEvents(memory, source))
        marks[`event:${source.name}/${number}`] = hashOf(`${at.toISOString()}\n${text}`).slice(0, 16);
    }
  }
  return marks;
}

/** Listed at once; of more, how many. */
const listedMax = 40;

/** Lines by Roost, without a word of what stands there. Empty: nothing is new. */
export async function listOutsideNews(
  memory: Memory,
  { viewer, before, now }: { viewer: Viewer; before: OutsideMarks; now: OutsideMarks },
): Promise<string[]> {
  const lines: string[] = [];
  for (const source of sourcesFor(memory, viewer)) {
    if (source.kind === "mail") {
      const after = Number(before[`mail:${source.name}`] ?? 0);
      for (const { number, at } of await newMails(memory, source, {
        after,
        upTo: Number(now[`mail:${source.name}`] ?? 0),
      }))
        lines.push(`- mail:${source.name}/${number}, sent ${memory.calendar.momentAt(at.getTime())}`);
    } else {
      for (const { number, at } of await comingEvents(memory, source)) {
        const mark = `event:${source.name}/${number}`;
        if (now[mark] !== undefined && now[mark] !== before[mark])
          lines.push(`- calendar:${source.name}/${number}, begins ${memory.calendar.momentAt(at.getTime())}`);
      }
    }
  }
  const more = lines.length - listedMax;
  return more > 0 ? [...lines.slice(0, listedMax), `- ${more} more`] : lines;
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

async function newestMail({ kernel }: Memory, { name, identity }: OutsideSource): Promise<number> {
  const [row] = await kernel.database.query<{ newest: number }>(
    `select next_number::int - 1 as newest from memory.source where name = $1 and identity = $2`,
    [name, identity],
  );
  return row?.newest ?? 0;
}

async function newMails(
  { kernel }: Memory,
  { name }: OutsideSource,
  { after, upTo }: { after: number; upTo: number },
): Promise<ItemRow[]> {
  return await kernel.database.query<ItemRow>(
    `select number, at, '' as text from memory.source_item where source = $1 and number > $2 and number <= $3 order by number desc limit $4`,
    [name, after, upTo, listedMax + 1],
  );
}

/** Of the home's clock: an event that has begun is no news. */
async function comingEvents({ kernel }: Memory, { name, identity, settings }: OutsideSource): Promise<ItemRow[]> {
  const nowMs = kernel.clock.nowMs();
  return await kernel.database.query<ItemRow>(
    `select number, at, text from memory.source_item i join memory.source s on s.name = i.source
     where s.name = $1 and s.identity = $2 and at >= $3 and at <= $4 order by at, number limit $5`,
    [name, identity, new Date(nowMs), new Date(nowMs + settings.soon), listedMax + 1],
  );
}
