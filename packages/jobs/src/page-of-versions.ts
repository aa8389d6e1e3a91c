import type { JsonValue } from "@roost/base";
import { compareDefinitions, type Difference } from "./compare-definitions.ts";

/**
 * A page of versions of a job or agent, each with its changes. `rows` are newest first, with one more than the page if there are more: the last of
 * the page is compared with it. `next` is the version that the next page comes before.
 */
export function pageOfVersions<Row extends { version: number; definition: object }>(
  rows: readonly Row[],
  limit: number,
): { versions: (Row & { differences: Difference[] })[]; next: number | null } {
  const versions = rows.slice(0, limit).map((row, index) => {
    const earlier = rows[index + 1];
    const differences =
      earlier === undefined ? [] : compareDefinitions(earlier.definition as JsonValue, row.definition as JsonValue);
    return { ...row, differences };
  });
  return { versions, next: rows.length > limit ? (versions.at(-1)?.version ?? null) : null };
}
