import { RoostError } from "@roost/base";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What can be looked for by its id, and where those that there are stand. */
const places = {
  run: "see roost runs",
  question: "see roost questions",
  subject: "see roost reserve --list",
  grant: "see roost grants",
  fact: "see roost facts list",
  "push subscription": "each browser lists its own in the console's settings",
} as const;

/** Checks the form of an id. @throws RoostError `not_found` when it is not a UUID */
export function requireUuid(what: keyof typeof places, id: string): string {
  if (uuid.test(id)) return id;
  throw new RoostError("not_found", `There is no ${what} "${id.slice(0, 64)}": ${places[what]}`);
}
