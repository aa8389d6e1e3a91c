import { lstat, realpath, stat } from "node:fs/promises";
import { relative, sep } from "node:path";

/** Why a file is not read; undefined: it is one. `within`: a link is followed inside this folder alone. Reading a pipe would wait for its writer. */
export async function whyUnreadable(absolute: string, within?: string): Promise<string | undefined> {
  const found = await lookAt(absolute, within);
  return typeof found === "string" ? found : found.isFolder ? "it is a folder" : undefined;
}

/** A file or a folder, or why it is not taken. */
export async function lookAt(
  absolute: string,
  within?: string,
): Promise<{ isFolder: boolean; bytes: number } | string> {
  try {
    const real = await realpath(absolute);
    const inside = within === undefined ? "" : relative(await realpath(within), real);
    if (inside === ".." || inside.startsWith(`..${sep}`))
      return `it is a link that leads out of the folder, to ${real}`;
    const found = await stat(real);
    if (!found.isFile() && !found.isDirectory()) return "it is neither a file nor a folder";
    return { isFolder: found.isDirectory(), bytes: found.size };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") return `it cannot be read (${code ?? String(error)})`;
    return (await lstat(absolute).catch(() => undefined)) === undefined
      ? "it cannot be read: it is not there, or its name cannot be read"
      : "it is a link to something that does not exist";
  }
}
