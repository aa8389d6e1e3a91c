/**
 * Table memory.file_problem: files of the home that could not be read or written, and why. A problem is recorded where it is met, with file.failed
 * and one notice for all met together; it ends with file.recovered when a scan no longer meets it.
 */
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { clipText } from "@roost/contract/operations";
import type { Sql } from "@roost/database";
import { raiseNotice, type KernelTransaction } from "@roost/kernel";
import { FileFault } from "../disk/file-fault.ts";
import type { Memory } from "../memory.ts";
import { refuseOutage } from "../refuse-outage.ts";

export interface FileProblem {
  /** Relative to the home; `.` for the home itself. */
  path: string;
  /** "it is a folder, not a file" */
  reason: string;
}

export interface KnownProblem extends FileProblem {
  since: Date;
}

/** How the reason of a file begins that can be used, and has no version of what it is. */
export const unkeptBeginning = "what it is now is on this disk alone";

/** In words for people. A reason that begins with "only" tells of a file that is used in part. */
export function sayProblem({ path, reason }: FileProblem): string {
  const what = path === "." ? "The home" : path;
  if (reason.startsWith(unkeptBeginning)) return `${what} is not kept as a version: ${reason}`;
  return reason.startsWith("only ") ? `${what} is used in part: ${reason}` : `${what} could not be used: ${reason}`;
}

/** Rows that one scan may add; more are counted in a later scan's notice. */
export const fileProblemsMax = 200;
const namedMax = 5;
const reasonCharsMax = 500;

/** Oldest first. */
export async function listFileProblems(sql: Sql): Promise<KnownProblem[]> {
  return sql.query<KnownProblem>(
    `select path, reason, since from memory.file_problem order by since, path limit ${fileProblemsMax}`,
    [],
    { name: "memory_file_problems" },
  );
}

/** Records new problems and notifies the person once. */
export async function reportProblems(memory: Memory, found: readonly FileProblem[]): Promise<void> {
  if (found.length === 0) return;
  for (const { path, reason } of found) memory.logger.warn("a file of the home is set aside", { path, reason });
  await memory.kernel.transact(async (tx) => {
    const told = await insertNew(tx, found.slice(0, fileProblemsMax));
    if (told.length > 0) tellFailed(memory, tx, told);
  });
}

/** As reportProblems, for all problems of a whole scan; the ones it did not meet have ended. */
export async function settleProblems(
  memory: Memory,
  found: readonly FileProblem[],
  known: readonly FileProblem[],
): Promise<void> {
  const before = new Map(known.map(({ path, reason }) => [path, reason]));
  const now = new Map(found.map(({ path, reason }) => [path, reason]));
  await reportProblems(
    memory,
    found.filter(({ path, reason }) => before.get(path) !== clipText(reason, reasonCharsMax)),
  );
  const ended = known.filter(({ path }) => !now.has(path)).map(({ path }) => path);
  if (ended.length === 0) return;
  await memory.kernel.transact(async (tx) => {
    const gone = await tx.query<{ path: string }>(
      "delete from memory.file_problem where path = any($1) returning path",
      [ended],
    );
    if (gone.length === 0) return;
    for (const { path } of gone)
      tx.emit({ type: "file.recovered", subject: path, labels: formatLabels(mainLabels), data: { path } });
    raiseNotice(tx, {
      source: "home",
      level: "info",
      text: `The problem with ${nameSome(gone.map(({ path }) => path))} is over`,
    });
  });
}

async function insertNew(tx: KernelTransaction, found: readonly FileProblem[]): Promise<FileProblem[]> {
  const byPath = new Map(found.map(({ path, reason }) => [path, clipText(reason, reasonCharsMax)]));
  const paths = [...byPath.keys()].toSorted();
  return tx.query<FileProblem>(
    `insert into memory.file_problem as known (path, reason) select * from unnest($1::text[], $2::text[])
     on conflict (path) do update set reason = excluded.reason where known.reason <> excluded.reason
     returning path, reason`,
    // The same order in every process.
    [paths, paths.map((path) => byPath.get(path))],
  );
}

function tellFailed(memory: Memory, tx: KernelTransaction, told: readonly FileProblem[]): void {
  const ids = told.map(({ path, reason }) =>
    tx.emit({ type: "file.failed", subject: path, labels: formatLabels(mainLabels), data: { path, reason } }),
  );
  const [first] = told;
  const text =
    told.length === 1 && first !== undefined
      ? sayProblem(first)
      : `${told.length} files of the home could not be used: ${nameSome(told.map(({ path, reason }) => `${path} (${reason})`))}`;
  raiseNotice(tx, {
    source: "home",
    level: "warning",
    text: `${text}. Everything else goes on; each scan tries again`,
    causation: ids[0],
  });
}

function nameSome(names: readonly string[]): string {
  const shown = names.slice(0, namedMax).join(", ");
  return names.length <= namedMax ? shown : `${shown} and ${names.length - namedMax} more`;
}

/** Runs the work on one file; a failure becomes the file's problem. A database failure ends the scan. */
export async function settleAlone(path: string, problems: FileProblem[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { message } = refuseOutage(error);
    problems.push({ path, reason: error instanceof FileFault ? error.reason : message });
  }
}
