import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { addFileDurably, RoostError, toRoostError, writeFileDurably, type Logger } from "@roost/base";

interface TornKeys {
  /** Whether a text is a key. */
  isKey: (text: string) => boolean;
  logger: Logger;
}

/**
 * A key of the home that Roost makes when it is first needed, in a file that its owner alone can read. `torn`: one that is no key is made anew, told,
 * and kept beside it; default: any text is one. @throws RoostError `unavailable`
 */
export async function readOwnKey(homeDir: string, file: string, make: () => string, torn?: TornKeys): Promise<string> {
  const isWhole = (text: string) => text !== "" && (torn === undefined || torn.isKey(text));
  const path = join(homeDir, file);
  const known = await readFile(path, "utf8").catch(() => undefined);
  if (known !== undefined && isWhole(known.trim())) return known.trim();
  const isTorn = known !== undefined && known.trim() !== "";
  try {
    await mkdir(dirname(path), { recursive: true });
    if (isTorn) await writeFileDurably(`${path}.torn`, known, { mode: 0o600 });
    // Of two gateways that make one at the same time, the second takes the first's.
    await addFileDurably(path, `${make()}\n`, { mode: 0o600, isReplaced: (text) => !isWhole(text.trim()) });
    const made = (await readFile(path, "utf8")).trim();
    if (!isWhole(made)) throw new RoostError("internal", "it is empty or torn");
    if (isTorn)
      torn?.logger.warn(
        "A file held no key: another one was made, and what was signed with the old one counts no more",
        {
          file,
          kept: `${file}.torn`,
        },
      );
    return made;
  } catch (error) {
    throw new RoostError("unavailable", `${file} holds no key and cannot be made: ${toRoostError(error).message}`, {
      cause: error,
    });
  }
}
