import { RoostError } from "@roost/base";

/** As PostgreSQL says it of a write that failed, and of one that was cut short. */
const said = /no space left on device|disk quota exceeded|wrote only \d+ of \d+ bytes/i;

/** What a person reads when the database has no room, at whatever step of its start; undefined for other failures. */
export function diskFull(reason: string): RoostError | undefined {
  if (!said.test(reason)) return undefined;
  const line = reason.split("\n").findLast((one) => said.test(one)) ?? "";
  return new RoostError(
    "unavailable",
    `the disk is full: free some space (a new database needs about 100 MB) and start again (${line.trim()})`,
  );
}
