/**
 * Tables memory.marked_content and memory.marked_line: contents that rest on untrusted content, and their lines, so that they keep their marks
 * wherever they turn up again. Unchanged they are known by their hash. A file that was moved and edited is known by its lines: by any of them when
 * the file that had them is gone, else when it is for a good part that content, since short lines are alike by chance. A long line is known alone.
 */
import { createHash } from "node:crypto";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { joinLabels, type Labels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import { textOf } from "../disk/read-disk-file.ts";
import type { HomeFiles } from "../memory.ts";
import {
  linesIn,
  linesOf,
  marksOfAll,
  marksTrusted,
  untrustedLines,
  wordedLines,
  type LineMarks,
  type MarkedText,
} from "./line-marks.ts";
import { loadMarks, numbersOf, type StoredMarks } from "./stored-marks.ts";

/** Lines by which a content is found: the lowest hashes, so that contents with lines in common have some of these in common. */
const linesKept = 64;
/** Lines of a text that are searched for. */
const linesAsked = 2_000;
/** Contents whose text is read for one file; of the others only their kept lines and their labels are known. */
const candidatesMax = 20;
/** Contents with lines in common that are looked at: those with the most. */
const matchesMax = 10_000;
/** What a copy has in common with its origin has more characters than this, and so has a line that is known alone. */
const sharedCharsMin = 16;
/** `overlap: queue-one`, `trigger: { kind: manual }`: many files have the same. */
const shortSetting = /^(?:- )?[\w.-]+: (?:.{0,24}|\{(?:[^{}"']|"[\d:]*"){0,60}\})$/;
/** Of one content, lines that are known alone. */
const longLinesMax = 10_000;

export async function saveMarkedContent(
  tx: KernelTransaction,
  { sha256, text, labels, sections }: StoredMarks & { sha256: string; text: string },
  marks: LineMarks,
): Promise<void> {
  await tx.query(
    `insert into memory.marked_content (sha256, labels, sections, lines) values ($1, $2, $3, $4)
     on conflict (sha256) do update set labels = excluded.labels, sections = excluded.sections`,
    [sha256, labels, sections === null ? null : JSON.stringify(sections), hashesOf(wordedLines(text), linesKept)],
    { name: "memory_save_marked_content" },
  );
  await saveLongLines(tx, text, marks);
}

async function saveLongLines(tx: KernelTransaction, text: string, marks: LineMarks): Promise<void> {
  const lines = linesOf(text);
  const numbers: number[] = [];
  const hashes: bigint[] = [];
  for (const section of untrustedLines(marks)) {
    const number = await tx.labelSet(section.labels);
    const long = [...wordedLines(linesIn(lines, section).join("\n"))].filter(isLong);
    for (const hash of hashesOf(new Set(long), longLinesMax - hashes.length)) {
      hashes.push(hash);
      numbers.push(number);
    }
  }
  await tx.query(
    "insert into memory.marked_line (line, labels) select * from unnest($1::bigint[], $2::int[]) on conflict do nothing",
    [hashes, numbers],
    { name: "memory_save_marked_lines" },
  );
}

/** Whether a line is hardly the same as another by chance. */
function isLong(line: string): boolean {
  return line.length > sharedCharsMin && !shortSetting.test(line);
}

export async function readMarkedContent(sql: Sql, sha256: string): Promise<StoredMarks | undefined> {
  const [known] = await sql.query<StoredMarks>(
    "select labels, sections from memory.marked_content where sha256 = $1",
    [sha256],
    { name: "memory_read_marked_content" },
  );
  return known;
}

/** A person vouches for these lines of the content: from here on they are not marked for it, wherever they turn up. */
export async function vouchForContent(
  memory: HomeFiles,
  tx: KernelTransaction,
  { sha256, text, lines }: { sha256: string; text: string; lines: { from: number; count: number } },
): Promise<void> {
  await tx.query("delete from memory.marked_content where sha256 = $1", [sha256]);
  const vouched = wordedLines(linesIn(linesOf(text), lines).join("\n"));
  await tx.query("delete from memory.marked_line where line = any($1)", [hashesOf(vouched, vouched.size)]);
  for (const each of await findMatches(tx, vouched)) {
    const found = await textOfMatch(memory, each);
    if (found === undefined) continue;
    const marks = marksVouched(await loadMarks(memory, tx, each, found), found, vouched);
    await tx.query("delete from memory.marked_content where sha256 = $1", [each.sha256]);
    if (untrustedLines(marks).length === 0) continue;
    await saveMarkedContent(tx, { ...(await numbersOf(tx, marks)), sha256: each.sha256, text: found }, marks);
  }
}

function marksVouched(before: LineMarks, text: string, vouched: ReadonlySet<string>): LineMarks {
  let marks = before;
  let isVouched = false;
  for (const [index, line] of linesOf(text).entries()) {
    // A line without a word goes with the line before it.
    if (wordedLines(line).size > 0) isVouched = vouched.has(line.trim());
    if (isVouched) marks = marksTrusted(marks, { from: index + 1, count: 1 });
  }
  return marks;
}

/** Marked contents that lines of an edit from outside may come from. `before`: the version that it replaces, whose lines are known. */
export async function findOrigins(
  memory: HomeFiles,
  sql: Sql,
  { path, text, before = "" }: { path: string; text: string; before?: string | undefined },
): Promise<MarkedText[]> {
  const lines = wordedLines(text);
  const isNew = lines.difference(wordedLines(before));
  const origins = await findLongLines(memory, sql, isNew);
  const unread = { lines: new Set<string>(), labels: [] as Labels[] };
  for (const [index, each] of (await findMatches(sql, isNew, lines)).entries()) {
    const found = index < candidatesMax ? await textOfMatch(memory, each) : undefined;
    const isAlike = found === undefined ? mayBeAlike(lines, each) : isMuchAlike(lines, wordedLines(found));
    if (!isAlike && !(await isMoved(memory, each.paths, path))) continue;
    if (found !== undefined) {
      origins.push({ text: found, marks: await loadMarks(memory, sql, each, found) });
      continue;
    }
    // Any new line may be one of those that are not kept.
    for (const line of isWhole(each) ? each.common : isNew) unread.lines.add(line);
    unread.labels.push(await memory.kernel.labelSets.read(sql, each.labels));
  }
  if (unread.labels.length === 0) return origins;
  const unreadText = [...unread.lines].join("\n");
  return [...origins, { text: unreadText, marks: marksOfAll(unreadText, joinLabels(...unread.labels)) }];
}

/** Those of the lines that are known alone, by their labels. */
async function findLongLines({ kernel }: HomeFiles, sql: Sql, lines: ReadonlySet<string>): Promise<MarkedText[]> {
  const long = [...lines].filter(isLong);
  if (long.length === 0) return [];
  const rows = await sql.query<{ labels: number; found: string[] }>(
    "select labels, array_agg(line::text) as found from memory.marked_line where line = any($1) group by labels order by labels",
    [long.map(hashOfLine)],
    { name: "memory_find_marked_lines" },
  );
  const lineOf = new Map(long.map((line) => [String(hashOfLine(line)), line]));
  return Promise.all(
    rows.map(async ({ labels, found }) => {
      const text = found.map((hash) => lineOf.get(hash)!).join("\n");
      return { text, marks: marksOfAll(text, await kernel.labelSets.read(sql, labels)) };
    }),
  );
}

interface Match extends StoredMarks {
  sha256: string;
  /** The recorded files that have it. */
  paths: string[];
  /** Lines of it that are kept. */
  lineCount: number;
  /** Those of them that the text has too. */
  common: ReadonlySet<string>;
}

/** Marked contents with one of `wanted`, lines of a text with `lines`: those of recorded files first, then those with the most lines in common. */
async function findMatches(
  sql: Sql,
  wanted: ReadonlySet<string>,
  lines: ReadonlySet<string> = wanted,
): Promise<Match[]> {
  if (wanted.size === 0) return [];
  const lineOf = new Map([...lines].map((line) => [String(hashOfLine(line)), line]));
  const rows = await sql.query<Omit<Match, "common"> & { common: string[] }>(
    `select m.sha256, m.labels, m.sections, cardinality(m.lines) as "lineCount", known.paths, shared.common
     from memory.marked_content m,
       lateral (select array(select path from memory.file f where f.sha256 = m.sha256) as paths) known,
       lateral (select array(select line::text from unnest(m.lines) line join unnest($2::bigint[]) asked on asked = line) as common) shared
     where m.lines && $1::bigint[]
     order by known.paths = '{}', cardinality(shared.common) desc, m.sha256 limit $3`,
    [hashesOf(wanted, linesAsked), hashesOf(lines, linesAsked), matchesMax],
    { name: "memory_find_marked_content" },
  );
  return rows.map((row) => ({ ...row, common: new Set(row.common.map((hash) => lineOf.get(hash)!)) }));
}

async function textOfMatch({ versions }: HomeFiles, { sha256 }: Match): Promise<string | undefined> {
  const bytes = await versions.get(sha256);
  return bytes && textOf(bytes);
}

/** All its lines are kept. */
function isWhole({ lineCount }: Match): boolean {
  return lineCount < linesKept;
}

/** As isMuchAlike, by the kept lines alone. */
function mayBeAlike(lines: ReadonlySet<string>, match: Match): boolean {
  if (isWhole(match) && 2 * match.common.size < Math.min(lines.size, match.lineCount)) return false;
  return charCount(match.common) > sharedCharsMin;
}

function isMuchAlike(lines: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  const shared = lines.intersection(others);
  if (2 * shared.size < Math.min(lines.size, others.size)) return false;
  return charCount(shared) > sharedCharsMin;
}

function charCount(lines: ReadonlySet<string>): number {
  return [...lines].reduce((sum, line) => sum + line.length, 0);
}

/** A file that had the content is recorded and gone. */
async function isMoved({ homeDir }: HomeFiles, paths: readonly string[], to: string): Promise<boolean> {
  for (const path of paths) {
    if (path === to) continue;
    const found = await lstat(join(homeDir, path)).catch(() => undefined);
    if (found === undefined) return true;
  }
  return false;
}

function hashesOf(lines: ReadonlySet<string>, most: number): bigint[] {
  const hashes = [...lines].map(hashOfLine);
  return hashes.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)).slice(0, most);
}

function hashOfLine(line: string): bigint {
  return createHash("sha256").update(line).digest().readBigInt64BE();
}
