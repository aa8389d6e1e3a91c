/** A directory that is a host's copy of a home elsewhere: `.roost/host.json`, beside the address and token that every command reads. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface JoinedHome {
  /** Of the host. */
  name: string;
  /** Of the gateway. */
  url: string;
  scopes: string[];
}

export function hostFile(homeDir: string): string {
  return join(homeDir, ".roost", "host.json");
}

/** Undefined when the directory is no copy. */
export async function readJoinedHome(homeDir: string): Promise<JoinedHome | undefined> {
  const text = await readFile(hostFile(homeDir), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as JoinedHome);
}
