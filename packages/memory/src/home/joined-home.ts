/** A directory that belongs to a home elsewhere: `.roost/host.json`, beside the address and token that every command reads. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";

export interface JoinedHome {
  /** Of the host. */
  name: string;
  /** Of the gateway. */
  url: string;
  scopes: string[];
  /** Undefined: it runs nothing. */
  runs?: JoinedRoles | undefined;
}

/** What a host runs of the home. `database`: reference to the URL of a login of its own, as `file:.roost/database-url`. */
export interface JoinedRoles {
  homeId: string;
  /** As OBJECTS_URL names it; the key is of this machine's environment. */
  workers?: { database: string; objects: string } | undefined;
  schedulers?: { database: string } | undefined;
  services: { name: string; database: string }[];
}

export function hostFile(homeDir: string): string {
  return join(homeDir, ".roost", "host.json");
}

/** Undefined when the directory belongs to no home elsewhere. @throws RoostError `internal` when that cannot be told */
export async function readJoinedHome(homeDir: string): Promise<JoinedHome | undefined> {
  const path = hostFile(homeDir);
  try {
    return JSON.parse(await readFile(path, "utf8")) as JoinedHome;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new RoostError("internal", `${path} cannot be read: remove it and join again`, { cause });
  }
}
