import { RoostError } from "@roost/base";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The id, when it can be one. @throws RoostError `not_found` for anything else: nothing has such an id */
export function requireUuid(what: "run" | "question" | "subject", id: string): string {
  if (uuid.test(id)) return id;
  throw new RoostError("not_found", `There is no ${what} "${id.slice(0, 64)}": look at the list of ${what}s`);
}
