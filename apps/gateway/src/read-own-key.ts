import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { addFileDurably, RoostError, toRoostError } from "@roost/base";

/**
 * A key of the home that Roost makes when it is first needed, in a file that its owner alone can read. `isKey`: whether a text is one, so that a torn
 * one is made anew. Default: any text. @throws RoostError `unavailable`
 */
export async function readOwnKey(
  homeDir: string,
  file: string,
  make: () => string,
  isKey: (text: string) => boolean = () => true,
): Promise<string> {
  const isWhole = (text: string) => text !== "" && isKey(text);
  const path = join(homeDir, file);
  const known = await readFile(path, "utf8").catch(() => undefined);
  if (known !== undefined && isWhole(known.trim())) return known.trim();
  try {
    await mkdir(dirname(path), { recursive: true });
    // Of two gateways that make one at the same time, the second takes the first's.
    await addFileDurably(path, `${make()}\n`, { mode: 0o600, isReplaced: (text) => !isWhole(text.trim()) });
    const made = (await readFile(path, "utf8")).trim();
    if (isWhole(made)) return made;
    throw new RoostError("internal", "it is empty or torn");
  } catch (error) {
    throw new RoostError("unavailable", `${file} holds no key and cannot be made: ${toRoostError(error).message}`, {
      cause: error,
    });
  }
}
