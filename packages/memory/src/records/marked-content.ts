/**
 * Table memory.marked_content: contents that rest on untrusted content, and their lines, so that they keep their marks wherever they turn up
 * again. Unchanged they are known by their hash. A file that was moved and edited is known by its lines: by any of them when the file that had them
 * is gone, else when it is for a good part that content, since short lines are alike by chance.
 */
import { createHash } from "node:crypto";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import { textOf } from "../disk/read-disk-file.ts";
import type { HomeFiles } from "../memory.ts";
import { linesOf, marksTrusted, untrustedLines, wordedLines, type LineMarks, type MarkedText } from "./line-marks.ts";
import { loadMarks, numbersOf, type StoredMarks } from "./stored-marks.ts";

/** Lines by which a content is found: the lowest hashes, so that contents with lines in common have some of these in common. */
const linesKept = 64;
/** Lines of a text that are looked for. */
const linesAsked = 2_000;
const candidatesMax = 20;
/** What a copy has in common with its origin has more characters than this. */
const sharedCharsMin = 16;

export async function saveMarkedContent(
  tx: KernelTransaction,
  { sha256, text, labels, sections }: StoredMarks & { sha256: string; text: string },
): Promise<void> {
  await tx.query(
    `insert into memory.marked_content (sha256, labels, sections, lines) values ($1, $2, $3, $4)
     on conflict (sha256) do update set labels = excluded.labels, sections = excluded.sections`,
    [sha256, labels, sections === null ? null : JSON.stringify(sections), hashesOf(wordedLines(text), linesKept)],
    { name: "memory_save_marked_content" },
  );
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
  const vouched = wordedLines(
    linesOf(text)
      .slice(lines.from - 1, lines.from - 1 + lines.count)
      .join("\n"),
  );
  for (const each of await findAlike(memory, tx, vouched)) {
    const marks = marksVouched(await loadMarks(memory, tx, each, each.text), each.text, vouched);
    await tx.query("delete from memory.marked_content where sha256 = $1", [each.sha256]);
    if (untrustedLines(marks).length === 0) continue;
    await saveMarkedContent(tx, { ...(await numbersOf(tx, marks)), sha256: each.sha256, text: each.text });
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
  const origins: MarkedText[] = [];
  for (const each of await findAlike(memory, sql, isNew))
    if (isMuchAlike(lines, each.lines) || (await isMoved(memory, each.paths, path)))
      origins.push({ text: each.text, marks: await loadMarks(memory, sql, each, each.text) });
  return origins;
}

interface Alike extends StoredMarks {
  sha256: string;
  text: string;
  lines: Set<string>;
  /** The recorded files that have it. */
  paths: string[];
}

async function findAlike(memory: HomeFiles, sql: Sql, lines: ReadonlySet<string>): Promise<Alike[]> {
  if (lines.size === 0) return [];
  const rows = await sql.query<StoredMarks & { sha256: string; paths: string[] }>(
    `select m.sha256, m.labels, m.sections, array(select path from memory.file f where f.sha256 = m.sha256) as paths
     from memory.marked_content m where m.lines && $1::bigint[] limit $2`,
    [hashesOf(lines, linesAsked), candidatesMax],
    { name: "memory_find_marked_content" },
  );
  const found: Alike[] = [];
  for (const row of rows) {
    const bytes = await memory.versions.get(row.sha256);
    const text = bytes && textOf(bytes);
    if (text !== undefined) found.push({ ...row, text, lines: wordedLines(text) });
  }
  return found;
}

function isMuchAlike(lines: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  const shared = lines.intersection(others);
  if (2 * shared.size < Math.min(lines.size, others.size)) return false;
  return [...shared].reduce((sum, line) => sum + line.length, 0) > sharedCharsMin;
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
  const hashes = [...lines].map((line) => createHash("sha256").update(line).digest().readBigInt64BE());
  return hashes.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)).slice(0, most);
}
