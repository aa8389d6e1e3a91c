import type { Postcondition } from "@roost/contract/operations";

/** Describes a postcondition in words. */
export function describePostcondition(postcondition: Postcondition): string {
  switch (postcondition.kind) {
    case "event": {
      const filter = Object.entries(postcondition.filter ?? {}).map(([path, value]) => `${path}=${String(value)}`);
      return `emit ${postcondition.eventType}${filter.length === 0 ? "" : ` (${filter.join(", ")})`}`;
    }
    case "state":
      return `change the state ${postcondition.name}${postcondition.key === undefined ? "" : ` at ${postcondition.key}`}`;
    case "file":
      return `write ${postcondition.path}`;
    case "tool":
      return `use ${postcondition.name}`;
  }
}
