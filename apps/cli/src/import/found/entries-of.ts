import { readdir } from "node:fs/promises";

/** Names in a folder, in order; empty when it does not exist or is not a directory. */
export async function entriesOf(path: string): Promise<string[]> {
  return (await readdir(path).catch(() => [])).toSorted();
}
