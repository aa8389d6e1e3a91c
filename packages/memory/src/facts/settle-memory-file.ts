/**
 * Keeps MEMORY.md and the home's facts one: what was changed in the lines of facts becomes facts, and what facts became is written there, by
 * compare-and-swap, so that no edit is lost. What would take away more than a quarter of the facts at once is not followed.
 */
import { isUntrusted, mainLabels, type Labels } from "@roost/contract/labels";
import { raiseNotice, type KernelTransaction } from "@roost/kernel";
import { homeLimits } from "../disk/home-limits.ts";
import { isTooMuchLost } from "../files/count-lost-entries.ts";
import { marksOfFile } from "../files/marks-of-file.ts";
import { findHomeFile, type HomeFile } from "../files/read-home-file.ts";
import { writeHomeFile } from "../files/write-home-file.ts";
import type { Memory } from "../memory.ts";
import { labelsOfLines, type LineMarks } from "../records/line-marks.ts";
import {
  compareBlocks,
  lineOf,
  partsOfLine,
  readBlock,
  writeBlock,
  type BlockChanges,
  type FactBlock,
  type FactLine,
} from "./fact-block.ts";
import { keepFact, removeFact } from "./keep-fact.ts";
import { factsToShow } from "./list-facts.ts";

export const memoryPath = "MEMORY.md";
const as = { kind: "main" as const };
const by = "roost";
/** Shown in the file, the newest; recall finds all. */
const shownMax = 150;
/** A person may take away so many facts at once, however few there are. */
const factsFree = 3;

/** Nothing is written when nothing has changed. A file that another program keeps changing is left to the next scan. */
export async function settleMemoryFile(memory: Memory): Promise<void> {
  for (let attempt = 0; attempt < homeLimits.mergeAttemptsMax; attempt += 1) {
    const file = await findHomeFile(memory, memoryPath, { as });
    const block = readBlock(file?.text ?? "");
    const isTaken = file === undefined || (await takeOver(memory, file, block));
    if (!isTaken) return;
    const facts = await factsToShow(memory, shownMax + 1);
    const shown = facts.slice(0, shownMax);
    const lines = shown.map((fact): FactLine => [fact.id, lineOf(fact)]);
    const items = block.items?.map(({ text }) => text) ?? [];
    const isSame = lines.length === items.length && lines.every(([, line], index) => line === items[index]);
    if (isSame && block.others.length === 0) {
      if (file !== undefined) await memory.kernel.transact((tx) => saveView(tx, lines, file.sha256));
      return;
    }
    const text = writeBlock(
      block,
      lines.map(([, line]) => line),
      facts.length - shown.length,
    );
    const written = await writeHomeFile(memory, {
      path: memoryPath,
      text,
      expected: file?.sha256 ?? "absent",
      as,
      by,
      labels: mainLabels,
      alongside: (tx) => saveView(tx, lines),
    });
    if (written.state !== "written") continue;
    await memory.kernel.transact((tx) => saveView(tx, lines, written.sha256));
    return;
  }
  memory.logger.warn("MEMORY.md kept changing while its facts were written; the next look at the home does so", {
    path: memoryPath,
  });
}

/** False: a line of facts rests on content from outside, and is not followed before a person vouches for it. */
async function takeOver(memory: Memory, file: HomeFile, block: FactBlock): Promise<boolean> {
  const { database } = memory.kernel;
  const [known] = await database.query<{ settled: string | null; lines: FactLine[] | null }>(
    `select (select settled_sha256 from memory.file where path = $1) as settled, (select lines from memory.fact_view where path = $1) as lines`,
    [memoryPath],
  );
  const before = known?.lines ?? [];
  if (known?.settled === file.sha256 || (before.length === 0 && block.items === undefined)) return true;
  const marks = await marksOfFile(memory, as, file);
  const items = block.items ?? [];
  if (items.some(({ lineNumber }) => isUntrusted(labelsOfLines(marks, { from: lineNumber, count: 1 })))) return false;
  const changes = compareBlocks(
    before,
    items.map(({ text }) => text),
  );
  await memory.kernel.transact((tx) =>
    applyChanges(tx, { changes, block, marks, beforeCount: before.length, sha256: file.sha256 }),
  );
  return true;
}

async function applyChanges(
  tx: KernelTransaction,
  given: { changes: BlockChanges; block: FactBlock; marks: LineMarks; beforeCount: number; sha256: string },
): Promise<void> {
  const { changes, block, marks, beforeCount, sha256 } = given;
  const { added, corrected, removed } = changes;
  const lines: FactLine[] = [...changes.kept];
  const labelsOf = (line: string): Labels => {
    const item = block.items?.find(({ text }) => text === line);
    return item === undefined ? mainLabels : labelsOfLines(marks, { from: item.lineNumber, count: 1 });
  };
  const kept = (line: string, corrects?: string) => {
    const labels = labelsOf(line);
    const extractor = labels.trust === "owner" ? ("person" as const) : ("agent" as const);
    const parts = partsOfLine(line);
    const reason = corrects === undefined ? undefined : `changed in ${memoryPath}`;
    return keepFact(tx, {
      statement: parts === undefined ? line : undefined,
      parts,
      labels,
      by: extractor,
      extractor,
      path: memoryPath,
      corrects,
      reason,
    });
  };
  const open = await openOf(tx, [...corrected.map(({ id }) => id), ...removed]);
  // What was closed elsewhere meanwhile is not corrected again.
  for (const { id, line } of corrected) lines.push([(await kept(line, open.has(id) ? id : undefined)).id, line]);
  for (const line of added) lines.push([(await kept(line)).id, line]);
  if (isTooMuchLost(removed.length, beforeCount, factsFree)) {
    raiseNotice(tx, {
      level: "warning",
      source: "home",
      text: `${removed.length} of ${beforeCount} facts were removed from ${memoryPath} at once. They stand there again: remove them one by one, or by roost facts remove`,
    });
  } else
    for (const id of removed)
      if (open.has(id)) await removeFact(tx, { id, by: "person", reason: `removed from ${memoryPath}` });
  await saveView(tx, lines, sha256);
}

async function openOf(tx: KernelTransaction, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    "select id from memory.fact where id = any($1::uuid[]) and retracted_at is null and upper_inf(valid)",
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}

async function saveView(tx: KernelTransaction, lines: readonly FactLine[], sha256?: string): Promise<void> {
  await tx.query(
    "insert into memory.fact_view (path, lines) values ($1, $2) on conflict (path) do update set lines = $2",
    [memoryPath, JSON.stringify(lines)],
  );
  if (sha256 !== undefined)
    await tx.query("update memory.file set settled_sha256 = $2 where path = $1", [memoryPath, sha256]);
}
