import { randomBytes } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { RoostError, writeFileDurably } from "@roost/base";

const tokenBytes = 32;
const tokenCharsMin = 32;

/**
 * Makes the token with which programs of this user enter the gateway, unless there is one. It is readable by its
 * owner alone; a token that was made readable to others is closed again.
 *
 * @throws invalid_input when the file holds something too short to be a token
 */
export async function createToken(path: string): Promise<void> {
  const found = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new RoostError("forbidden", `${path} cannot be read (${error.code}): give it to this user`, { cause: error });
  });
  if (found === undefined) {
    await writeFileDurably(path, `roost_${randomBytes(tokenBytes).toString("base64url")}\n`, { mode: 0o600 });
    return;
  }
  if (found.trim().length < tokenCharsMin) {
    throw new RoostError(
      "invalid_input",
      `${path} holds ${found.trim().length} characters, a token needs at least ${tokenCharsMin}: delete it to get a new one`,
    );
  }
  if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
}
