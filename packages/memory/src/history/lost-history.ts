/**
 * A failover to an asynchronous replica takes back the last commits, but not what was written to the home's disk by them. Such a file is not in the log, so
 * it looks like an edit by the person, and the marks of what it holds are gone. It is told by its content, which Roost had stored before it wrote the file
 * (table memory.compared_disk).
 */
import { untrustedFrom, type Labels } from "@roost/contract/labels";
import { readTimeline, type Sql } from "@roost/database";
import { raiseNotice, type Kernel, type KernelTransaction } from "@roost/kernel";

/** Paths that are kept for the notice. */
const foundMax = 1_000;
const namedMax = 10;

/** Of a process, which a failover ends: what was compared once stays so. */
export class LostHistory {
  #isCompared = false;
  #isSettled = false;

  /** Whether the disk may hold what the log has lost. */
  async isPossible(sql: Sql): Promise<boolean> {
    if (this.#isCompared) return false;
    const [row] = await sql.query<{ timeline: string }>("select timeline from memory.compared_disk");
    this.#isCompared = row === undefined || row.timeline === (await readTimeline(sql));
    return !this.#isCompared;
  }

  /** The disk was compared with the log, the whole of it. What was found is told once. */
  async settle(kernel: Kernel): Promise<void> {
    if (this.#isSettled) return;
    const timeline = await readTimeline(kernel.database);
    const isNew = "insert into memory.compared_disk (timeline) values ($1) on conflict do nothing";
    await kernel.database.query(isNew, [timeline]);
    if (await this.isPossible(kernel.database)) await kernel.transact((tx) => tellFound(tx, timeline));
    this.#isCompared = true;
    this.#isSettled = true;
  }
}

/** Labels of content that a run wrote and of which the log knows nothing. The caller's transaction records the file. */
export async function labelsOfLost(tx: Sql, path: string): Promise<Labels> {
  await tx.query(
    "update memory.compared_disk set found = array_append(found, $1) where cardinality(found) < $2 and not $1 = any(found)",
    [path, foundMax],
  );
  return untrustedFrom("program", "lost");
}

async function tellFound(tx: KernelTransaction, timeline: string): Promise<void> {
  const [row] = await tx.query<{ found: string[] }>("select found from memory.compared_disk for update");
  const found = row?.found ?? [];
  await tx.query("update memory.compared_disk set timeline = $1, found = '{}'", [timeline]);
  if (found.length === 0) return;
  const named = found.toSorted().slice(0, namedMax).join(", ");
  const others = found.length > namedMax ? ` and ${found.length - namedMax} more` : "";
  raiseNotice(tx, {
    source: "home",
    level: "warning",
    text: `The database went back to an earlier moment, as after a failover to a replica that lacked the last commits, and ${found.length === 1 ? "a file" : `${found.length} files`} of the home had been written since: ${named}${others}. Where their content came from is not known any more, so it counts as untrusted: look at it, and take the marks away with roost files trust PATH`,
  });
}
