/** Finds a part again for a run: among the messages of its conversation by id or name, else by id among what the run may know. */
import { RoostError } from "@roost/base";
import { joinLabels, parseLabels, type Labels } from "@roost/contract/labels";
import type { Part } from "@roost/contract/part";
import type { Memory } from "../memory.ts";
import { mayKnow } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";

export interface FindPart {
  /** The beginning of its hash, `#` or not, or its name. */
  named: string;
  as: Viewer;
  /** Keeps the part as long as this run's steps may name it. */
  runId: string;
}

/** Fewer digits of a hash may be chance. */
const idPattern = /^#?([0-9a-f]{8,64})$/;

/** @throws RoostError `not_found`, also for a part that the run may not know */
export async function findPart(memory: Memory, query: FindPart): Promise<{ part: Part; labels: Labels }> {
  const found = (await inConversation(memory, query)) ?? (await amongAll(memory, query));
  if (found === undefined || !(await keepForRun(memory, found.part.sha256 ?? "", query.runId)))
    throw new RoostError(
      "not_found",
      `there is no part ${JSON.stringify(query.named.slice(0, 100))} that you may look at: give its id as the conversation names it, such as #0123456789ab`,
    );
  return found;
}

type Found = { part: Part; labels: Labels } | undefined;

/** What was said to an agent it may look at again, as it was shown then. */
async function inConversation({ kernel }: Memory, { named, as }: FindPart): Promise<Found> {
  if (as.sessionKey === undefined || (as.kind !== "main" && as.kind !== "channel")) return undefined;
  const [row] = await kernel.database.query<{ part: Part; labels: number }>(
    `select part.value as part, m.labels from memory.message m, jsonb_array_elements(m.content -> 'parts') part
     where m.session_key = $1 and m.content ? 'parts' and not m.is_taken_back
       and m.turn_seq >= (select begins_at from memory.session where key = $1)
       and (left(part.value ->> 'sha256', length($2)) = $2 or part.value ->> 'name' = $3)
     order by m.seq desc limit 1`,
    [as.sessionKey, idPattern.exec(named)?.[1] ?? "-", named],
  );
  if (row === undefined) return undefined;
  const { part } = row;
  const labels = joinLabels(
    await kernel.labelSets.read(kernel.database, row.labels),
    ...(part.labels === undefined ? [] : [parseLabels(part.labels)]),
  );
  return mayKnow(as.clearance === undefined ? as : { ...as, clearance: [...as.clearance, "main"] }, labels)
    ? { part, labels }
    : undefined;
}

async function amongAll({ kernel }: Memory, { named, as }: FindPart): Promise<Found> {
  const id = idPattern.exec(named)?.[1];
  if (id === undefined) return undefined;
  const rows = await kernel.database.query<Omit<Part, "labels" | "name"> & { name: string | null; labels: number }>(
    `select type, media_type as "mediaType", bytes, sha256, name, labels from memory.part
     where sha256 >= $1 and sha256 < $1 || 'g' order by sha256 limit 2`,
    [id],
  );
  const [row] = rows;
  if (row === undefined || rows.length > 1) return undefined;
  const { labels: number, name, ...facts } = row;
  const labels = await kernel.labelSets.read(kernel.database, number);
  return mayKnow(as, labels) ? { part: { ...facts, name: name ?? undefined }, labels } : undefined;
}

/** False when it was removed meanwhile. */
async function keepForRun(memory: Memory, sha256: string, runId: string): Promise<boolean> {
  return memory.kernel.transact(async (tx) => {
    const rows = await tx.query("update memory.part set kept_at = roost.now() where sha256 = $1 returning 1", [sha256]);
    if (rows.length === 0) return false;
    await tx.query("insert into memory.part_of_run (sha256, run_id) values ($1, $2) on conflict do nothing", [
      sha256,
      runId,
    ]);
    return true;
  });
}
