import { RoostError } from "@roost/base";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Checks the form of an id. @throws RoostError `not_found` when it is not a UUID */
export function requireUuid(
  what: "run" | "question" | "subject" | "grant" | "fact" | "push subscription",
  id: string,
): string {
  if (uuid.test(id)) return id;
  throw new RoostError("not_found", `There is no ${what} "${id.slice(0, 64)}": check the list of ${what}s`);
}
