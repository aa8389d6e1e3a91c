import { RoostError } from "@roost/base";
import type { CopyState } from "./copy-state.ts";

/** From so many on, files that are gone in one place may be a lost disk. */
const lostFilesMin = 5;

const lostPlaces = {
  here: {
    deletes: "deletes them at the home too",
    ifLost: "if a disk was lost, remove .roost/copy of this directory, and the next pass fetches them all",
  },
  "at the home": {
    deletes: "deletes them here too",
    ifLost: "if the home lost its disk, remove .roost/copy of this directory, and the next pass brings them back",
  },
} as const;

/** @throws RoostError `conflict` when more than half of what both had is gone there */
export function refuseLost(
  { files }: CopyState,
  where: keyof typeof lostPlaces,
  isThere: (path: string) => boolean,
): void {
  const gone = [...files.keys()].filter((path) => !isThere(path));
  if (gone.length < lostFilesMin || gone.length * 2 <= files.size) return;
  const { deletes, ifLost } = lostPlaces[where];
  throw new RoostError(
    "conflict",
    `${gone.length} of ${files.size} files are gone ${where}, such as ${gone[0]}: if that is meant, roost sync --emptied ${deletes}; ${ifLost}`,
  );
}
