import { isDeepStrictEqual } from "node:util";
import type { JobDefinition } from "./job-row.ts";

export interface MergeDefinitionOptions {
  /** As last applied; undefined: unknown. */
  base: JobDefinition | undefined;
  /** As defined here. */
  here: JobDefinition;
  /** As applied now. */
  there: JobDefinition;
}

export interface MergedDefinition {
  definition: JobDefinition;
  /** Fields changed on both sides, kept as here. */
  kept: string[];
}

/** Three-way merge by field: a change on one side is taken, changes on both sides keep the version here. */
export function mergeDefinition({ base, here, there }: MergeDefinitionOptions): MergedDefinition {
  const sides = [base ?? {}, here, there] as Record<string, unknown>[];
  const names = new Set(sides.flatMap((side) => Object.keys(side)));
  const merged: Record<string, unknown> = {};
  const kept: string[] = [];
  for (const name of names) {
    const [before, mine, theirs] = sides.map((side) => side[name]);
    const isSame = isDeepStrictEqual(mine, theirs);
    const isMine = base !== undefined && !isDeepStrictEqual(before, mine);
    const isTheirs = base !== undefined && !isDeepStrictEqual(before, theirs);
    if (!isSame && (base === undefined || (isMine && isTheirs))) kept.push(name);
    const value = isSame || isMine || base === undefined ? mine : theirs;
    if (value !== undefined) merged[name] = value;
  }
  return { definition: merged as JobDefinition, kept: kept.toSorted() };
}
