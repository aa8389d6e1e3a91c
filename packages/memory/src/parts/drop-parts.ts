/** Removes parts that no message and no run names a day after they were kept. */
import type { SchedulerLoop } from "@roost/kernel";
import type { Memory } from "../memory.ts";

const passMax = 100;
const pollMs = 3_600_000;

// A fork and a further attempt begin with the steps of another run, and outlive it.
const unnamed = `not is_told and kept_at < roost.now() - interval '1 day' and not exists (
  select 1 from memory.part_of_run named where named.sha256 = part.sha256
    and exists (select 1 from roost.run_all run
      where run.id = named.run_id or run.forked_from = named.run_id or run.retry_of = named.run_id))`;

/** How many were removed; at most 100 at once. */
export async function dropParts(memory: Memory): Promise<number> {
  await adoptObjects(memory);
  const rows = await memory.kernel.database.query<{ sha256: string }>(
    `select sha256 from memory.part where ${unnamed} order by kept_at limit ${passMax}`,
  );
  let count = 0;
  for (const { sha256 } of rows) if (await dropPart(memory, sha256)) count += 1;
  return count;
}

/** The object goes while its row is locked: who keeps or names the same part meanwhile waits, and finds out. */
async function dropPart(memory: Memory, sha256: string): Promise<boolean> {
  return memory.kernel.transact(async (tx) => {
    const [row] = await tx.query(`delete from memory.part where sha256 = $1 and ${unnamed} returning 1`, [sha256]);
    if (row !== undefined) await memory.parts.delete(sha256);
    return row !== undefined;
  });
}

/** An object without a row is what a process left that died between the two; it gets one, and goes as the others do. */
async function adoptObjects(memory: Memory): Promise<void> {
  const { database } = memory.kernel;
  for (let after: string | null = ""; after !== null;) {
    const page = await memory.parts.list({ after });
    await database.query(
      `insert into memory.part (sha256, bytes, type, media_type, labels)
       select sha256, bytes, 'file', 'application/octet-stream', 1 from jsonb_to_recordset($1) as o(sha256 text, bytes bigint)
       on conflict do nothing`,
      [JSON.stringify(page.objects)],
    );
    after = page.next;
  }
}

/** What a scheduler does for parts, handed to runScheduler. */
export function createPartLoop(memory: Memory): SchedulerLoop {
  return {
    name: "unnamed parts",
    channels: () => [],
    pollMs,
    look: async () => ({ isMore: (await dropParts(memory)) === passMax }),
  };
}
