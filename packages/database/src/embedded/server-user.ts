/** PostgreSQL refuses to run as root. Chooses the unprivileged user it runs as; creates no users. */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import { RoostError } from "@roost/base";

export interface ServerUser {
  name: string;
  uid: number;
  gid: number;
}

const candidates = ["postgres", "_postgres", "nobody"];
const run = promisify(execFile);

/**
 * The user the server must run as; undefined when this process is not root and the server runs as the same user. An ordinary user's data directory
 * stays theirs.
 */
export async function chooseServerUser(dataDirectory: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataDirectory).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  for (const name of candidates) {
    const found = await lookUp(name);
    if (found !== undefined && found.uid !== 0) return found;
  }
  throw new RoostError(
    "unavailable",
    `PostgreSQL does not run as root and none of the users ${candidates.join(", ")} exists: run Roost as an ordinary user, or set DATABASE_URL`,
  );
}

async function lookUp(name: string): Promise<ServerUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
    return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}
