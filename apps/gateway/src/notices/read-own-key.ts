import { mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RoostError, toRoostError } from "@roost/base";

/** A key of the home that Roost makes when it is first needed, in a file that its owner alone can read. @throws RoostError `unavailable` */
export async function readOwnKey(homeDir: string, file: string, make: () => string): Promise<string> {
  const path = join(homeDir, file);
  const known = await readFile(path, "utf8").catch(() => undefined);
  if (known !== undefined && known.trim() !== "") return known.trim();
  try {
    await mkdir(dirname(path), { recursive: true });
    // Of two gateways that make one at the same time, the second takes the first's.
    await using opened = await open(path, "wx", 0o600);
    const key = make();
    await opened.writeFile(`${key}\n`);
    await opened.sync();
    return key;
  } catch (error) {
    const made = await readFile(path, "utf8").catch(() => "");
    if (made.trim() !== "") return made.trim();
    throw new RoostError("unavailable", `${file} holds no key and cannot be made: ${toRoostError(error).message}`, {
      cause: error,
    });
  }
}
