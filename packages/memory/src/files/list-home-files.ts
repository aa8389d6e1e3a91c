import { parseHomePath } from "../disk/home-path.ts";
import { walkHome } from "../disk/walk-home.ts";
import type { Memory } from "../memory.ts";
import { listKept } from "../records/list-unkept.ts";
import { classifyPath, type HomeFileClass } from "../visibility/home-file-class.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { maySeeFile } from "../visibility/visibility.ts";

export interface ListedFile {
  path: string;
  class: HomeFileClass;
  bytes: number;
  modifiedAt: Date;
}

/** The files that the viewer may see, by path; with `under` only those in that folder. */
export async function listHomeFiles(
  memory: Memory,
  { as, under }: { as: Viewer; under?: string | undefined },
): Promise<ListedFile[]> {
  const prefix = under === undefined ? "" : `${parseHomePath(under)}/`;
  await memory.mirror?.refresh();
  const { files } = await walkHome(memory.homeDir);
  return (memory.mirror === undefined ? files : withLarge(files, await listKept(memory.kernel.database)))
    .filter(({ path }) => path.startsWith(prefix) && maySeeFile(as, path))
    .map(({ path, bytes, modifiedAt }) => ({ path, class: classifyPath(path).class, bytes, modifiedAt }));
}

type Listed = Omit<ListedFile, "class">;

/** Those that are in the object store alone, where the home's disk is elsewhere. */
function withLarge(files: readonly Listed[], large: readonly Listed[]): Listed[] {
  return [...files, ...large].toSorted((left, right) => (left.path < right.path ? -1 : 1));
}
