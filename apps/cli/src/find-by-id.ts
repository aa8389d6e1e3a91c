/** Resolves ids as people give them: whole, or the end that tables show. */
import { RoostError } from "@roost/base";
import type { RoostClient } from "./connect.ts";

const wholeIdChars = 30;
const candidatesMax = 500;

/** @throws not_found, or conflict when several ids end so */
export function findById(given: string, ids: readonly string[], what: { one: string; list: string }): string {
  if (ids.includes(given)) return given;
  const found = ids.filter((id) => id.endsWith(given));
  if (found.length === 1) return found[0] as string;
  if (found.length === 0) throw new RoostError("not_found", `there is no ${what.one} "${given}": see ${what.list}`);
  throw new RoostError(
    "conflict",
    `"${given}" matches ${found.length} ids: give more characters: ${found.slice(0, 5).join(", ")}`,
  );
}

/** Finds a run by id, the end of one, or `last` for the newest. */
export async function findRunId(client: RoostClient, given: string): Promise<string> {
  if (given.length >= wholeIdChars) return given;
  const { items: runs } = await client.listRuns({ limit: given === "last" ? 1 : candidatesMax });
  if (given === "last") {
    if (runs[0] === undefined)
      throw new RoostError("not_found", "there are no runs yet: start one with roost ask TEXT");
    return runs[0].id;
  }
  return findById(
    given,
    runs.map(({ id }) => id),
    { one: "run", list: `roost runs (the end of an id is looked up among the last ${candidatesMax} runs)` },
  );
}
