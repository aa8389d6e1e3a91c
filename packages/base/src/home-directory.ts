import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The home that ROOST_HOME names, or the default one. A leading ~ is the user's directory, also where no shell has replaced it (a unit, a crontab). */
export function homeDirectory(named: string | undefined): string {
  if (named === undefined) return join(homedir(), ".roost");
  return resolve(named.replace(/^~(?=\/|$)/, homedir()));
}
