import { randomBytes } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { RoostError, writeFileDurably } from "@roost/base";

const tokenBytes = 32;
const tokenCharsMin = 32;

/**
 * Creates the token by which programs of this user enter the gateway, unless one exists. Only its owner can read it; other permissions are removed.
 *
 * @throws invalid_input when the file holds too short a token
 */
export async function createToken(path: string): Promise<void> {
  const found = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new RoostError("forbidden", `${path} cannot be read (${error.code}): make this user its owner`, {
      cause: error,
    });
  });
  if (found === undefined) {
    await writeFileDurably(path, `roost_${randomBytes(tokenBytes).toString("base64url")}\n`, { mode: 0o600 });
    return;
  }
  if (found.trim().length < tokenCharsMin) {
    throw new RoostError(
      "invalid_input",
      `${path} holds ${found.trim().length} characters, but a token has at least ${tokenCharsMin}: delete the file to get a new one`,
    );
  }
  if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
}
