import type { JsonObject, JsonValue } from "@roost/base";
import type { StoredEvent } from "../log/event.ts";

/** By dotted path, the value that the data must have there. */
export type WaitFilter = Record<string, null | boolean | number | string>;

/** Who takes events of a topic, and which. */
export interface Subscriber {
  /** Whose order is kept, and what is set aside alone: a job, a run. */
  key: string;
  /** Null: none. Left out: all of the topic. */
  eventType?: string | null | undefined;
  filter?: WaitFilter | undefined;
  /** By partition: the first offset that counts. */
  fromOffsets?: Readonly<Record<string, number>> | undefined;
}

/** Whether a subscriber takes the event. */
export function wantsEvent({ eventType, filter = {}, fromOffsets }: Subscriber, event: StoredEvent): boolean {
  if (eventType !== undefined && eventType !== event.type) return false;
  return event.offset >= (fromOffsets?.[event.partition] ?? 0) && matchesFilter(filter, event.data);
}

/** Whether the data has, at each dotted path, the value that the filter gives for it. */
export function matchesFilter(filter: WaitFilter, data: JsonObject): boolean {
  return Object.entries(filter).every(([path, expected]) => {
    let value: JsonValue | undefined = data;
    for (const name of path.split(".")) {
      value =
        typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
          ? value[name]
          : undefined;
    }
    return value === expected;
  });
}
