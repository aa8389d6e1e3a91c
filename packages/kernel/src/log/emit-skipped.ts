import type { CursorName } from "./cursor.ts";
import type { EventDraft } from "./event.ts";
import { labelSetNumbers } from "./label-sets.ts";

/** For Roost's own readers, which go on by themselves behind what retention dropped: it is on record which events they never saw. */
export function emitSkipped(
  tx: { emit(draft: EventDraft): string },
  { group, topic, partition }: CursorName,
  skipped: { fromOffset: number; toOffset: number },
): void {
  tx.emit({
    type: "consumer.skipped",
    subject: group,
    labelSet: labelSetNumbers.open,
    data: { group, topic, partition, ...skipped, by: "retention", reason: "they were dropped before they were read" },
  });
}
