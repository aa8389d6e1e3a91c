import { RoostError, toRoostError } from "@roost/base";
import { sqlStateOf } from "@roost/database";

/** @throws RoostError `unauthenticated` for a login that is gone, which trying again does not bring back: of a host that was put out, or given others */
export function refuseLockedOut(error: unknown): void {
  const lockedOut = toLockedOut(error);
  if (lockedOut !== undefined) throw lockedOut;
}

/** Undefined: the error says nothing of the login. */
export function toLockedOut(error: unknown): RoostError | undefined {
  const state = sqlStateOf(error) ?? sqlStateOf((error as { cause?: unknown }).cause);
  if (state?.startsWith("28") !== true) return undefined;
  return new RoostError(
    "unauthenticated",
    `the database lets this host in no more (${toRoostError(error).message}): it was given other logins, or was put out at its home; start it again, and if it is refused again, it was put out (roost hosts remove) and joins again in an empty directory`,
    { cause: error },
  );
}
