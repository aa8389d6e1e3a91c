import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";

/** One that files have left stands in the way of a file of its name. False: it is no folder, or holds more than empty folders. */
export async function removeEmptyFolder(absolute: string): Promise<boolean> {
  for (const entry of await readdir(absolute, { withFileTypes: true }).catch(() => []))
    if (!entry.isDirectory() || !(await removeEmptyFolder(join(absolute, entry.name)))) return false;
  return await rmdir(absolute).then(
    () => true,
    () => false,
  );
}
