/** Opens a text in the person's editor. The file stays until its content is safe elsewhere. */
import { once } from "node:events";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RoostError } from "@roost/base";

export interface EditedText {
  path: string;
  /** Opens the editor and gives what the file holds afterwards. @throws RoostError when the editor fails */
  edit(): Promise<string>;
  remove(): Promise<void>;
}

export async function editText(
  text: string,
  options: { name: string; editor: string; environment: Record<string, string | undefined> },
): Promise<EditedText> {
  const directory = await mkdtemp(join(tmpdir(), "roost-edit-"));
  const path = join(directory, options.name);
  await writeFile(path, text, { mode: 0o600 });
  return {
    path,
    async edit() {
      // An editor is a command line (`code --wait`), so a shell reads it; the path is an argument and is not read by it.
      const child = spawn("/bin/sh", ["-c", `${options.editor} "$1"`, "sh", path], {
        stdio: "inherit",
        env: options.environment,
      });
      const [code] = (await once(child, "close")) as [number | null];
      if (code !== 0)
        throw new RoostError(
          "unavailable",
          `the editor (${options.editor}) ended with ${code ?? "a signal"}: nothing was changed, the text is in ${path}; EDITOR names another`,
        );
      return readFile(path, "utf8");
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
