import { readdir } from "node:fs/promises";

/** Names in a folder, in order; empty when it does not exist or is not a directory. @throws the error of one that may not be read */
export async function entriesOf(path: string): Promise<string[]> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  return names.toSorted();
}
