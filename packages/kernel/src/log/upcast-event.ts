import { RoostError, type JsonObject } from "@roost/base";
import type { Upcasters } from "@roost/contract";

/** What is known of an event before it is upcast. */
export interface Versioned {
  type: string;
  version: number;
  data: JsonObject;
}

/**
 * Converts an event to `version`. Versions without an upcaster accept data of the one before, so an event without an upcaster is unchanged.
 * @throws RoostError `internal` when an upcaster throws
 */
export function upcastEvent<Event extends Versioned>(event: Event, upcasters: Upcasters, version: number): Event {
  let data = event.data;
  for (let to = event.version + 1; to <= version; to += 1) {
    const upcaster = upcasters[to];
    if (upcaster === undefined) continue;
    try {
      data = upcaster(data);
    } catch (cause) {
      throw new RoostError(
        "internal",
        `event "${event.type}": the upcaster to version ${to} failed on data of version ${event.version}: ${(cause as Error).message}`,
        { cause },
      );
    }
  }
  return data === event.data ? event : { ...event, version, data };
}
