import { nearestName, RoostError } from "@roost/base";

/** @throws RoostError `invalid_input` naming the nearest one */
export function refuseUnknown(what: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const nearest = nearestName(name, names);
  const advice = nearest === undefined ? `known: ${names.join(", ") || "none"}` : `did you mean ${nearest}?`;
  throw new RoostError("invalid_input", `${what}; ${advice}`);
}
