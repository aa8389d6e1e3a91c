import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a whole file so that at any moment, power cuts included, the old or the new content is there. */
export async function writeFileDurably(path: string, content: string, options: { mode: number }): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  try {
    await using file = await open(temporary, "w", options.mode);
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** Makes names in the directory durable. Not every system can; the content is safe without. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, "r");
    await directory.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "EINVAL" && code !== "EISDIR") throw error;
  }
}
