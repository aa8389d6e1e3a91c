/**
 * A failover to an asynchronous replica takes back the last commits, but not what was written to the home's disk by them. Such a file is not in the log, so
 * it looks like an edit by the person, and the marks of what it holds are gone. It is told by its content, which Roost had stored before it wrote the file
 * (table memory.compared_disk).
 */
import { untrustedFrom, type Labels } from "@roost/contract/labels";
import { readTimeline, timelineSql, type Sql } from "@roost/database";
import { raiseNotice, readBefore, type Kernel, type KernelTransaction } from "@roost/kernel";
import type { ObjectStore } from "@roost/objects";

/** Paths that are kept for the notice. */
const foundMax = 1_000;
const namedMax = 10;
/** Events of a path that are looked through. */
const eventsMax = 1_000;

/** Whether the whole of the disk was compared with this history of the server. */
export interface ComparedDisk {
  /** Of the server, when it was asked. */
  timeline: string;
  isCompared: boolean;
  /** Nothing was compared yet: there is no history to have lost. */
  isFirst: boolean;
}

interface Asking {
  readonly kernel: Pick<Kernel, "database">;
  readonly versions: Pick<ObjectStore, "has">;
  readonly lostHistory: LostHistory;
}

/** One value, for a statement that asks more. */
export const comparedDiskSql = `(select jsonb_build_object('timeline', now.timeline, 'isCompared', now.timeline is not distinct from c.timeline, 'isFirst', c.timeline is null)
  from (select ${timelineSql} as timeline) now left join memory.compared_disk c on true)`;

/** Answers that a process has had of a home. */
export class LostHistory {
  /** By content: whether it was stored when that was first asked, since whoever asks stores it then. */
  readonly #wasStored = new Map<string, boolean>();
  /** By transaction, which sees one history. */
  readonly #possible = new WeakMap<Sql, Promise<boolean>>();

  /** Whether the disk may hold what the log has lost. */
  async isPossible(sql: Sql): Promise<boolean> {
    const [row] = await sql.query<{ found: ComparedDisk }>(`select ${comparedDiskSql} as found`, [], {
      name: "memory_compared_disk",
    });
    return mayHaveLost(row!.found);
  }

  /** Whether a run wrote this content, and the log does not know it any more. To be asked before the content is stored. */
  async isLost(memory: Asking, sql: Sql, content: { path: string; sha256: string }): Promise<boolean> {
    const { sha256 } = content;
    const isPossible = this.#possible.get(sql) ?? this.isPossible(sql);
    if (sql !== memory.kernel.database) this.#possible.set(sql, isPossible);
    if (!(await isPossible)) return false;
    const wasStored = this.#wasStored.get(sha256) ?? (await memory.versions.has(sha256));
    this.#wasStored.set(sha256, wasStored);
    return wasStored && !(await isKnown(sql, content));
  }

  /**
   * A look has recorded all that it could, and what was found is told. Where `isWhole` (nothing was left out), the question is not asked again until the next
   * failover. `before`: as it was before the look.
   */
  async settle(kernel: Kernel, before: ComparedDisk, { isWhole }: { isWhole: boolean }): Promise<void> {
    if (before.isCompared || (before.isFirst && !isWhole)) return;
    await kernel.transact(async (tx) => {
      // Another one by now: what was seen was compared with what is gone.
      const isSame = (await readTimeline(tx)) === before.timeline;
      if (isWhole && isSame)
        await tx.query(
          `insert into memory.compared_disk (timeline) values ($1) on conflict (is_only) do update set timeline = $1`,
          [before.timeline],
        );
      await tellFound(tx);
    });
    if (isWhole) this.#wasStored.clear();
  }
}

export function mayHaveLost({ isCompared, isFirst }: ComparedDisk): boolean {
  return !isCompared && !isFirst;
}

/** Of content from outside: undefined, unless the log has lost it. Its path is kept for the notice by who records it (`noteLost`). */
export async function labelsOfLost(
  memory: Asking,
  sql: Sql,
  content: { path: string; sha256: string },
): Promise<Labels | undefined> {
  return (await memory.lostHistory.isLost(memory, sql, content)) ? untrustedFrom("program", "lost") : undefined;
}

/** In the transaction that records the file. */
export async function noteLost(tx: Sql, path: string): Promise<void> {
  await tx.query(
    "update memory.compared_disk set found = array_append(found, $1) where cardinality(found) < $2 and not $1 = any(found)",
    [path, foundMax],
  );
}

/** As the content of any file, or an earlier one of this. */
async function isKnown(sql: Sql, { path, sha256 }: { path: string; sha256: string }): Promise<boolean> {
  const [row] = await sql.query<{ isThere: boolean }>(
    `select exists (select from memory.file where sha256 = $1) as "isThere"`,
    [sha256],
  );
  if (row?.isThere === true) return true;
  const types = ["file.written", "file.edited"];
  const { events } = await readBefore(sql, { topics: ["home"], types, subject: path, limit: eventsMax });
  return events.some(({ data }) => data["sha256"] === sha256);
}

async function tellFound(tx: KernelTransaction): Promise<void> {
  const [row] = await tx.query<{ found: string[] }>("select found from memory.compared_disk for update");
  const found = row?.found ?? [];
  if (found.length === 0) return;
  await tx.query("update memory.compared_disk set found = '{}'");
  const named = found.toSorted().slice(0, namedMax).join(", ");
  const others = found.length > namedMax ? ` and ${found.length - namedMax} more` : "";
  raiseNotice(tx, {
    source: "home",
    level: "warning",
    text: `The database went back to an earlier moment, as after a failover to a replica that lacked the last commits, and ${found.length === 1 ? "a file" : `${found.length} files`} of the home had been written since: ${named}${others}. Where their content came from is not known any more, so it counts as untrusted: look at it, and take the marks away with roost files trust PATH`,
  });
}
