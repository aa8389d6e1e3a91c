/**
 * Resolves a path of a home, never outside it and never to anything hidden. A path's identity is its real location, so that a link or another
 * spelling does not bypass visibility.
 */
import { lstatSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { RoostError } from "@roost/base";
import { toFileFault } from "./file-fault.ts";
import { homeLimits } from "./home-limits.ts";

export interface ResolvedPath {
  /** Relative to the home, with `/`, after all links. */
  path: string;
  absolute: string;
}

/** The path without `./`, or an error that says what is wrong. Reads no disk. */
export function parseHomePath(written: string): string {
  const refuse = (why: string): never => {
    throw new RoostError("invalid_input", `path ${JSON.stringify(written.slice(0, 200))} ${why}`);
  };
  if (written === "" || written.length > homeLimits.pathCharsMax)
    refuse(`must have 1 to ${homeLimits.pathCharsMax} characters`);
  if (!written.isWellFormed() || /\p{C}/u.test(written)) refuse("contains control or invisible characters");
  if (written.includes("\\")) refuse("must use / between folders");
  if (written.startsWith("/") || written.startsWith("~"))
    refuse("must be relative to the home, like memory/2026-01-31.md");
  const segments = written.replace(/^(?:\.\/)+/, "").split("/");
  if (segments.length > homeLimits.pathDepthMax) refuse(`is deeper than ${homeLimits.pathDepthMax} folders`);
  for (const segment of segments) {
    if (segment === "..") refuse("leads out of its folder: .. is not allowed");
    if (segment === "" || segment === ".") refuse("has an empty part: write folder/file");
    if (segment.startsWith(".")) refuse("is hidden: what begins with a dot is not part of the home");
    if (/[. ]$/.test(segment) || segment.includes(":"))
      refuse("has a part that ends in a dot or a space or contains a colon");
    if (Buffer.byteLength(segment) > homeLimits.partBytesMax)
      refuse(`has a part of more than ${homeLimits.partBytesMax} bytes`);
  }
  return segments.join("/");
}

/**
 * Resolves to the real path. The file and its folders need not exist yet.
 * @throws RoostError `invalid_input` for a malformed path, `forbidden` when a link leads out of the home or to something hidden
 */
export async function resolveHomePath(homeDir: string, written: string): Promise<ResolvedPath> {
  const wanted = parseHomePath(written);
  const real = realpathOfExisting(join(homeDir, wanted));
  const path = relative(homeDir, real).split(sep).join("/");
  if (path === "" || path.startsWith("../") || path === ".." || isAbsolute(path)) {
    throw new RoostError("forbidden", `${wanted} is a link that leads out of the home: put the file itself there`);
  }
  try {
    parseHomePath(path);
  } catch (cause) {
    throw new RoostError("forbidden", `${wanted} is a link to something that is not part of the home`, { cause });
  }
  return { path, absolute: real };
}

/**
 * The real path of the longest existing part, followed by the rest. Synchronous: a context needs some ten lookups, each of microseconds on a local
 * disk.
 */
function realpathOfExisting(absolute: string): string {
  const missing: string[] = [];
  for (let current = absolute; ;) {
    try {
      return join(realpathSync.native(current), ...missing);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== "ENOENT") throw toFileFault(error, absolute);
      refuseDanglingLink(current, error);
      const parent = join(current, "..");
      missing.unshift(current.slice(parent.length).replace(/^[/\\]/, ""));
      current = parent;
    }
  }
}

/** Writing to a dangling link would create its target. */
function refuseDanglingLink(path: string, cause: unknown): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() === true)
    throw new RoostError("forbidden", `${path} is a link to something that does not exist`, { cause });
}
