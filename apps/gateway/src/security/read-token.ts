import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";

const tokenCharsMin = 16;

export function tokenPath(homeDir: string): string {
  return join(homeDir, ".roost", "token");
}

/** The home's token. @throws RoostError `unauthenticated` when there is none: the supervisor creates it at the first start */
export async function readToken(homeDir: string): Promise<string> {
  const path = tokenPath(homeDir);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new RoostError("unauthenticated", `${path} cannot be read: start the home once with roost up`, {
      cause,
    });
  });
  if (text.trim().length < tokenCharsMin)
    throw new RoostError("unauthenticated", `${path} holds no token: delete it and run roost up`);
  return text.trim();
}
