import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";

/** The home's token. @throws RoostError `unauthenticated` when there is none: the supervisor makes it when it starts a home */
export async function readToken(homeDir: string): Promise<string> {
  const path = join(homeDir, ".roost", "token");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new RoostError("unauthenticated", `${path} cannot be read: start the home once with \`npm start\``, {
      cause,
    });
  });
  if (text.trim().length < 16)
    throw new RoostError("unauthenticated", `${path} holds no token: delete it and run \`npm start\``);
  return text.trim();
}
