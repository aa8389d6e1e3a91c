import { isDeepStrictEqual } from "node:util";
import type { JobDefinition } from "./job-row.ts";

export interface MergeDefinitionOptions {
  /** As it was brought the last time; undefined: nobody knows. */
  base: JobDefinition | undefined;
  /** As it is here. */
  here: JobDefinition;
  /** As it is brought now. */
  there: JobDefinition;
}

export interface MergedDefinition {
  definition: JobDefinition;
  /** Fields that differ on both sides: they are as here. */
  kept: string[];
}

/** Three versions into one, field by field: what changed on one side only is taken from there, what changed on both is kept as it is here. */
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
