/** Writes the tables that recall searches. One writer at a time, under lockIndex. */
import type { Labels } from "@roost/contract/labels";
import type { Sql, Transaction } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import type { Calendar } from "../visibility/calendar.ts";

export type DocumentKind = "file" | "conversation" | "events" | "fact";

export interface IndexedLine {
  ref: string;
  saidBy?: string | undefined;
  at: Date;
  text: string;
  /** Words that it is found by beside its own: the headings above it. */
  heading?: string | undefined;
  labels: Labels;
}

export interface IndexedDocument {
  kind: DocumentKind;
  ref: string;
  /** What of it has been read with these lines. */
  version: string;
  lines: readonly IndexedLine[];
  /** What was known of it goes first. Default: the lines are added. */
  isReplaced?: boolean;
}

/** Of a line `l` of a document `d` that is a conversation: its message `m`. */
export const messageOfLineSql = `left join memory.message m on d.kind = 'conversation'
  and m.id = case when l.ref ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then l.ref::uuid end`;

/** A text may consist of millions of short words: more than these are not found. */
const textCharsMax = 2_000;

/** False: another process is writing. Held until the transaction ends. */
export async function lockIndex(tx: Transaction): Promise<boolean> {
  const [row] = await tx.query<{ locked: boolean }>(
    "select pg_try_advisory_xact_lock(hashtextextended('memory.recall', 0)) as locked",
  );
  return row!.locked;
}

/** Adds lines of a document that Roost does not keep itself, such as an imported conversation. */
export async function indexLines(
  { kernel, calendar }: Pick<Memory, "kernel" | "calendar">,
  document: IndexedDocument,
): Promise<void> {
  await kernel.transact(async (tx) => {
    await tx.query("select pg_advisory_xact_lock(hashtextextended('memory.recall', 0))");
    await indexDocument(tx, document, calendar);
  });
}

/** Adds lines to a document, or replaces it. The caller has locked the index. */
export async function indexDocument(
  tx: KernelTransaction,
  document: IndexedDocument,
  calendar: Calendar,
): Promise<void> {
  const { kind, ref, version, isReplaced = false } = document;
  const before = isReplaced ? await dropLines(tx, kind, [ref]) : new Map<string, string>();
  const step = kind === "events" ? 10 : 1;
  const [row] = await tx.query<{ id: number; place: number }>(
    `insert into memory.recall_document as d (kind, ref, version, next_place) values ($1, $2, $3, $4)
     on conflict (kind, ref) do update set version = $3, next_place = case when $5 then 0 else d.next_place end + $4
     returning id, next_place - $4 as place`,
    [kind, ref, version, document.lines.length * step, isReplaced],
    { name: "memory_recall_document" },
  );
  const rows = [];
  for (const [index, line] of document.lines.entries()) {
    const text = line.text.toWellFormed().replaceAll("\0", "\uFFFD").slice(0, textCharsMax).toWellFormed();
    rows.push({
      place: row!.place + index * step,
      ref: line.ref,
      said_by: line.saidBy,
      at: line.at.toISOString(),
      text,
      first_at: before.get(text),
      beside: [line.saidBy, dateWords(calendar, line.at), line.heading].filter(Boolean).join(" "),
      labels: await tx.labelSet(line.labels),
    });
  }
  await tx.query(
    `with added as (
       insert into memory.recall_line (document, place, ref, said_by, at, text, words, labels, first_at)
       select $1, place, ref, said_by, at, text, to_tsvector('memory.recall', beside || E'\\n' || text), labels, coalesce(first_at, roost.now() + (place - $3) * interval '1 microsecond')
       from jsonb_to_recordset($2::jsonb) as r(place integer, ref text, said_by text, at timestamptz, text text, beside text, labels integer,
         first_at timestamptz)
       returning words
     ), counted as (
       select lexeme as term, count(*) as line_count from added, unnest(words) group by lexeme
       union all select '', count(*) from added
     )
     insert into memory.recall_term as t select term, line_count from counted order by term
     on conflict (term) do update set line_count = t.line_count + excluded.line_count`,
    [row!.id, JSON.stringify(rows), row!.place],
    { name: "memory_recall_lines" },
  );
}

/** Forgets documents that are no longer there. */
export async function dropDocuments(tx: Transaction, kind: DocumentKind, refs: readonly string[]): Promise<void> {
  await dropLines(tx, kind, refs);
  await tx.query("delete from memory.recall_document where kind = $1 and ref = any($2)", [kind, refs]);
}

/** Returns when each text was first read. */
async function dropLines(tx: Sql, kind: DocumentKind, refs: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ text: string; firstAt: string }>(
    `with gone as (
       delete from memory.recall_line where document in (select id from memory.recall_document where kind = $1 and ref = any($2))
       returning text, words, first_at
     ), counted as (
       select lexeme as term, count(*) as line_count from gone, unnest(words) group by lexeme
       union all select '', count(*) from gone
     ), fewer as (
       update memory.recall_term t set line_count = t.line_count - counted.line_count from counted where counted.term = t.term
     ) select text, min(first_at)::text as "firstAt" from gone group by text`,
    [kind, refs],
  );
  return new Map(rows.map(({ text, firstAt }) => [text, firstAt]));
}

const months = "January February March April May June July August September October November December".split(" ");

/** `8 May 2023 2023-05-08`: as people ask for a day. */
function dateWords(calendar: Calendar, at: Date): string {
  const day = calendar.dayAt(at.getTime());
  const [year, month, date] = day.split("-").map(Number);
  return `${date} ${months[month! - 1]} ${year} ${day}`;
}
