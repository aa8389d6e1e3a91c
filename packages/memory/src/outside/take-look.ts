/** Records what a look at a mailbox or calendar found, with the place that it reached, in one transaction: a look that is repeated finds the same once. */
import { formatDurationMs, type RoostError } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { raiseNotice, type KernelTransaction } from "@roost/kernel";
import { wordOf, type LeftOutItem, type SourceItem } from "@roost/sources";
import type { Memory } from "../memory.ts";
import { labelsOfSource, sourceColumns, type OutsideSource, type SourceRow } from "./source-row.ts";

/** Kept of a source, the newest; and for how long. */
const itemsMax = 1_000;
const keptDays = 30;
/** A laptop that wakes up has no network at first. */
const failuresUntold = 3;
const namedMax = 3;
/** Of the words of a server. */
const wordsCharsMax = 500;

export interface TakenLook {
  /** What the look began with. */
  before: SourceRow | undefined;
  items: readonly SourceItem[];
  place: SourceRow["place"];
  /** How many later looks will bring. */
  laterCount?: number;
  /** What no look will bring: the person is told of each once. */
  leftOut?: readonly LeftOutItem[];
}

/** Another look that moved the place meanwhile has taken the same: then only what is unknown is added. */
export async function takeLook(
  { kernel }: Pick<Memory, "kernel">,
  source: OutsideSource,
  { before, items, place, laterCount = 0, leftOut = [] }: TakenLook,
): Promise<void> {
  await kernel.transact(async (tx) => {
    const row = await beginSource(tx, source);
    await findAgain(tx, source, items);
    const next = await addItems(tx, source, { items, from: row.nextNumber });
    const isMoved = JSON.stringify(row.place) !== JSON.stringify(before?.place ?? {});
    await tx.query(
      `update memory.source set next_number = $2, place = coalesce($3, place), looked_at = roost.now(), later_count = $4, left_out = $5,
         failure_count = 0, error_code = null, error_text = null, is_told = false
       where name = $1`,
      [source.name, next, isMoved ? null : JSON.stringify(place), laterCount, JSON.stringify(leftOut)],
    );
    await tx.query(
      `delete from memory.source_item where source = $1
         and (number < $2::bigint - $3 or taken_at < roost.now() - make_interval(days => $4))`,
      [source.name, next, itemsMax, keptDays],
    );
    await tellLeftOut(tx, source, { leftOut, known: row.leftOut });
    if (before?.isTold === true)
      raiseNotice(tx, { level: "info", text: `Heartbeats can look at ${source.name} again`, source: "heartbeat" });
  });
}

/** The person hears of it once, and when it is over: at once of what they have to mend, after some looks of what may pass by itself. */
export async function takeFailure(
  { kernel, settings }: Pick<Memory, "kernel" | "settings">,
  source: OutsideSource,
  error: Pick<RoostError, "code" | "message">,
): Promise<void> {
  await kernel.transact(async (tx) => {
    const { isTold, failureCount } = await beginSource(tx, source);
    const reason = wordOf(error.message, wordsCharsMax);
    const isToTell = !isTold && (error.code !== "unavailable" || failureCount + 1 >= failuresUntold);
    await tx.query(
      `update memory.source set failure_count = failure_count + 1, error_code = $2, error_text = $3, is_told = is_told or $4 where name = $1`,
      [source.name, error.code, reason, isToTell],
    );
    if (!isToTell) return;
    const text = `Heartbeats cannot look at ${source.name}: ${reason}. They go on without it and try again every ${formatDurationMs(settings.heartbeat.every)}`;
    await tellOf(tx, source, text);
  });
}

type BegunSource = SourceRow & { nextNumber: number };

/** Its row, locked. A name that means another server or login than before begins anew there, and the person is told so. */
async function beginSource(tx: KernelTransaction, { name, identity }: OutsideSource): Promise<BegunSource> {
  const moved = await tx.query(
    `update memory.source set identity = $2, place = '{}', looked_at = null, later_count = 0, left_out = '[]', failure_count = 0,
       error_code = null, error_text = null, is_told = false
     where name = $1 and identity <> $2 returning name`,
    [name, identity],
  );
  if (moved.length > 0) {
    await tx.query("delete from memory.source_item where source = $1", [name]);
    const text = `${name} is another server or login than before: heartbeats begin anew there, and what stands there now is not news`;
    raiseNotice(tx, { level: "info", text, source: "heartbeat" });
  }
  const [row] = await tx.query<BegunSource>(
    `insert into memory.source as s (name, identity) values ($1, $2)
     on conflict (name) do update set identity = s.identity returning ${sourceColumns}, next_number::int as "nextNumber"`,
    [name, identity],
  );
  return row!;
}

/** Mails of a mailbox that was numbered anew: each that is alike counts for one that stood under the numbers before, whose text stays. */
async function findAgain(tx: KernelTransaction, { name }: OutsideSource, items: readonly SourceItem[]): Promise<void> {
  const given = items.flatMap(({ key, mail }) => (mail?.mayBeKnown === true ? [{ key, ...mail }] : []));
  if (given.length === 0) return;
  await tx.query(
    `with given as (
       select g.*, row_number() over (partition by mailbox, likeness order by ordinality) as nth
       from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as g(key, mailbox, numbering, likeness, ordinality)
       where not exists (select 1 from memory.source_item i where i.source = $1 and i.key = g.key)
     ), standing as (
       select i.number, i.mailbox, i.likeness, row_number() over (partition by i.mailbox, i.likeness order by i.number) as nth
       from memory.source_item i
       where i.source = $1 and exists (select 1 from given g where (g.mailbox, g.likeness) = (i.mailbox, i.likeness) and g.numbering <> i.numbering)
     )
     update memory.source_item i set key = g.key, numbering = g.numbering
     from given g join standing s using (mailbox, likeness, nth) where i.source = $1 and i.number = s.number`,
    [
      name,
      given.map(({ key }) => key),
      given.map(({ mailbox }) => mailbox),
      given.map(({ numbering }) => numbering),
      given.map(({ likeness }) => likeness),
    ],
  );
}

/** An event that stands is as its calendar has it now; a mail that stands stays as it came. @returns The number of the next one */
async function addItems(
  tx: KernelTransaction,
  { name }: OutsideSource,
  { items, from }: { items: readonly SourceItem[]; from: number },
): Promise<number> {
  const given = [...new Map(items.map((item) => [item.key, item])).values()];
  const written = await tx.query(
    `with given as (
       select * from unnest($2::text[], $3::timestamptz[], $4::text[], $6::text[], $7::text[], $8::text[])
         with ordinality as g(key, at, text, mailbox, numbering, likeness, ordinality)
     ), fresh as (
       select g.*, row_number() over (order by ordinality) - 1 as place from given g
       where not exists (select 1 from memory.source_item i where i.source = $1 and i.key = g.key)
     ), changed as (
       update memory.source_item i set at = g.at, text = g.text from given g
       where i.source = $1 and i.key = g.key and i.mailbox is null and (i.at, i.text) is distinct from (g.at, g.text)
     )
     insert into memory.source_item (source, number, key, at, text, mailbox, numbering, likeness)
       select $1, $5::bigint + place, key, at, text, mailbox, numbering, likeness from fresh returning number`,
    [
      name,
      given.map(({ key }) => key),
      given.map(({ at }) => at),
      given.map(({ text }) => text.replaceAll("\0", "\uFFFD")),
      from,
      given.map(({ mail }) => mail?.mailbox ?? null),
      given.map(({ mail }) => mail?.numbering ?? null),
      given.map(({ mail }) => mail?.likeness ?? null),
    ],
  );
  return from + written.length;
}

async function tellLeftOut(
  tx: KernelTransaction,
  source: OutsideSource,
  { leftOut, known }: { leftOut: readonly LeftOutItem[]; known: readonly LeftOutItem[] },
): Promise<void> {
  const before = new Set(known.map(({ name }) => name));
  const fresh = leftOut.filter(({ name }) => !before.has(name));
  if (fresh.length === 0) return;
  const more = fresh.length > namedMax ? `; and ${fresh.length - namedMax} more (roost status)` : "";
  const named = fresh.slice(0, namedMax).map(({ name, why }) => `${name}: ${why}`);
  await tellOf(tx, source, `Heartbeats leave out what they cannot take of ${source.name}: ${named.join("; ")}${more}`);
}

/** With words of the server or of a sender: marked as theirs. */
async function tellOf(tx: KernelTransaction, source: OutsideSource, text: string): Promise<void> {
  const labelSet = await tx.labelSet(labelsOfSource(source));
  raiseNotice(tx, { level: "warning", text: clipText(text, reasonCharsMax), source: "heartbeat", labelSet });
}
