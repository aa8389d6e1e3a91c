import { realpath, stat } from "node:fs/promises";
import { relative, sep } from "node:path";

/** Why a file is not read; undefined: it is one. `within`: a link is followed inside this folder alone. Reading a pipe would wait for its writer. */
export async function whyUnreadable(absolute: string, within?: string): Promise<string | undefined> {
  const found = await lookAt(absolute, within);
  return typeof found === "string" ? found : found.isFolder ? "it is a folder" : undefined;
}

/** A file or a folder, or why it is not taken. */
export async function lookAt(absolute: string, within?: string): Promise<{ isFolder: boolean } | string> {
  try {
    const real = await realpath(absolute);
    const inside = within === undefined ? "" : relative(await realpath(within), real);
    if (inside === ".." || inside.startsWith(`..${sep}`))
      return `it is a link that leads out of the folder, to ${real}`;
    const found = await stat(real);
    if (!found.isFile() && !found.isDirectory()) return "it is neither a file nor a folder";
    return { isFolder: found.isDirectory() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT"
      ? "it is a link to something that does not exist, or its name cannot be read"
      : `it cannot be read (${code ?? String(error)})`;
  }
}
