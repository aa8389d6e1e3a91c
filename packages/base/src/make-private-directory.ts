import { chmod, lstat, mkdir } from "node:fs/promises";

/**
 * Makes a directory that others neither read nor enter, or takes one that is there, such as one of a fixed name in the folder for temporary files.
 * `owners`: user ids. False: it is something else, or belongs to another user.
 */
export async function makePrivateDirectory(path: string, owners: readonly (number | undefined)[]): Promise<boolean> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const found = await lstat(path);
  if (!found.isDirectory() || !owners.includes(found.uid)) return false;
  await chmod(path, 0o700);
  return true;
}
