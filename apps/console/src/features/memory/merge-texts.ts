/** Joins two changes of one text. Pure. */
import { applyPatch, structuredPatch } from "diff";

export interface TextVersions {
  /** What both began with. */
  base: string;
  mine: string;
  theirs: string;
}

/** Both changes together; undefined where they touch the same lines. */
export function mergeTexts({ base, mine, theirs }: TextVersions): string | undefined {
  if (base === theirs || mine === theirs) return mine;
  const merged = applyPatch(theirs, structuredPatch("", "", base, mine, "", "", { context: 2 }));
  return merged === false ? undefined : merged;
}
