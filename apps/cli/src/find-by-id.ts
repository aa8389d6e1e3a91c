/** Ids as people give them: whole, or the end that tables show. */
import { RoostError } from "@roost/base";
import type { RoostClient } from "./connect.ts";

const wholeIdChars = 30;
const candidatesMax = 500;

/** @throws not_found, or conflict when the end is that of several */
export function findById(given: string, ids: readonly string[], what: { one: string; list: string }): string {
  if (ids.includes(given)) return given;
  const found = ids.filter((id) => id.endsWith(given));
  if (found.length === 1) return found[0] as string;
  if (found.length === 0) throw new RoostError("not_found", `there is no ${what.one} "${given}": see ${what.list}`);
  throw new RoostError(
    "conflict",
    `"${given}" is the end of ${found.length} ids: give more of it: ${found.slice(0, 5).join(", ")}`,
  );
}

/** A run by its id, the end of its id, or `last` for the newest. */
export async function findRunId(client: RoostClient, given: string): Promise<string> {
  if (given.length >= wholeIdChars) return given;
  const { items: runs } = await client.listRuns({ limit: given === "last" ? 1 : candidatesMax });
  if (given === "last") {
    if (runs[0] === undefined) throw new RoostError("not_found", "nothing has run yet: roost ask starts something");
    return runs[0].id;
  }
  return findById(
    given,
    runs.map(({ id }) => id),
    { one: `run among the last ${candidatesMax}`, list: "roost runs" },
  );
}
