/** Opens a text in the user's editor. The file is kept until its content is saved elsewhere. */
import { once } from "node:events";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RoostError } from "@roost/base";

export interface EditedText {
  path: string;
  /** Opens the editor and returns the file's content afterwards. @throws RoostError when the editor fails */
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
      // An editor may be a command line (`code --wait`), so a shell parses it; the path is passed as an argument.
      const child = spawn("/bin/sh", ["-c", `${options.editor} "$1"`, "sh", path], {
        stdio: "inherit",
        env: options.environment,
      });
      const [code] = (await once(child, "close")) as [number | null];
      if (code !== 0)
        throw new RoostError(
          "unavailable",
          `the editor (${options.editor}) ended with ${code ?? "a signal"}: nothing was changed, your text is in ${path}; set EDITOR to use another editor`,
        );
      return readFile(path, "utf8");
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
