import { hashOf } from "../disk/read-disk-file.ts";
import type { HomeFiles } from "../memory.ts";

/** Whether this text of a file was found there by a scan, and not written by an operation or a run. Undefined: it is not recorded yet. */
export async function isEditedByHand(
  { kernel }: Pick<HomeFiles, "kernel">,
  { path, text }: { path: string; text: string },
): Promise<boolean | undefined> {
  // An edit begins its own correlation, so its index finds it; one by an operation names who made it.
  const [known] = await kernel.database.query<{ isByHand: boolean }>(
    `select exists (
       select 1 from roost.event e where e.correlation = f.event_id and e.id = f.event_id and e.data ->> 'by' is null
     ) as "isByHand"
     from memory.file f where f.path = $1 and f.sha256 = $2`,
    [path, hashOf(text)],
  );
  return known?.isByHand;
}
