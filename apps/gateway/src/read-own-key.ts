import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { addFileDurably, RoostError, toRoostError } from "@roost/base";

/** A key of the home that Roost makes when it is first needed, in a file that its owner alone can read. @throws RoostError `unavailable` */
export async function readOwnKey(homeDir: string, file: string, make: () => string): Promise<string> {
  const path = join(homeDir, file);
  const known = await readFile(path, "utf8").catch(() => undefined);
  if (known !== undefined && known.trim() !== "") return known.trim();
  try {
    await mkdir(dirname(path), { recursive: true });
    // Of two gateways that make one at the same time, the second takes the first's. One that is empty was never a key.
    await addFileDurably(path, `${make()}\n`, { mode: 0o600, isReplaced: (text) => text.trim() === "" });
    const made = (await readFile(path, "utf8")).trim();
    if (made !== "") return made;
    throw new RoostError("internal", "it is empty");
  } catch (error) {
    throw new RoostError("unavailable", `${file} holds no key and cannot be made: ${toRoostError(error).message}`, {
      cause: error,
    });
  }
}
