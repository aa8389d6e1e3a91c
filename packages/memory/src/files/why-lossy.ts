import { heldFile } from "../visibility/held-files.ts";
import { countLostEntries, type Reworded } from "./count-lost-entries.ts";

/** Why an agent may not write this text over that one: it would drop too much of what is remembered. Undefined: it may. */
export function whyLossy(
  path: string,
  { before, after, reworded }: { before: string; after: string; reworded?: readonly Reworded[] | undefined },
): string | undefined {
  if (heldFile(path)?.class !== "memory") return undefined;
  const { lostCount, entryCount, isTooMuch } = countLostEntries(before, after, reworded);
  if (!isTooMuch) return undefined;
  return `this would drop ${lostCount} of the ${entryCount} entries of ${path} (limit a quarter): keep what is true, in other words if need be, and leave the rest to the person`;
}
