import { toRoostError, type RoostError } from "@roost/base";

/** Returns the error of one of many things. @throws it when it says nothing of that one: the database is away */
export function refuseOutage(error: unknown): RoostError {
  const known = toRoostError(error);
  if (known.code === "unavailable" || known.code === "timeout") throw error;
  return known;
}
