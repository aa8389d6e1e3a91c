/** A reader's position in several partitions, and its text form for clients ("runs/0:12,runs/1:7"). */
import { RoostError } from "@roost/base";
import type { StoredEvent } from "./event.ts";

/** By "topic/partition": the next offset to read, which is also the number of events before it. A missing partition starts at 0. */
export type OffsetVector = Readonly<Record<string, number>>;

const entriesMax = 2000;

export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/** The vector after reading `event`. */
export function advanceOffsets(
  offsets: OffsetVector,
  event: Pick<StoredEvent, "topic" | "partition" | "offset">,
): OffsetVector {
  return { ...offsets, [partitionName(event.topic, event.partition)]: event.offset + 1 };
}

export function formatOffsets(offsets: OffsetVector): string {
  return Object.keys(offsets)
    .sort()
    .map((name) => `${name}:${offsets[name]}`)
    .join(",");
}

/** @throws RoostError `invalid_input` when the text was not written by formatOffsets */
export function parseOffsets(text: string): OffsetVector {
  const offsets: Record<string, number> = {};
  if (text === "") return offsets;
  const entries = text.split(",");
  if (entries.length > entriesMax)
    throw new RoostError("invalid_input", `${entries.length} offsets were given (limit ${entriesMax})`);
  for (const entry of entries) {
    const [, name, offset] = /^([a-z][a-z0-9_-]{0,62}\/\d{1,3}):(\d{1,15})$/.exec(entry) ?? [];
    if (name === undefined || offset === undefined) {
      throw new RoostError(
        "invalid_input",
        `offset "${entry.slice(0, 80)}" must be written like runs/0:12; several are separated by commas`,
      );
    }
    offsets[name] = Number(offset);
  }
  return offsets;
}
