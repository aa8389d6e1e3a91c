// Compares node_modules with the lockfile. npm silently omits an optional package whose download fails, and a killed install leaves half of
// everything: both are found here.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Packages for this platform that are missing in the lockfile's version.
 *
 * @returns {string[]} as `name@version`
 */
export function listMissingPackages(root, lockfile) {
  const missing = [];
  for (const [path, entry] of packagesHere(lockfile)) {
    if (readVersion(join(root, path)) !== entry.version) {
      missing.push(`${path.slice(path.lastIndexOf("node_modules/") + 13)}@${entry.version}`);
    }
  }
  return missing;
}

/**
 * How many of the lockfile's packages were installed since then, for showing progress: npm first removes what an earlier install left. The time is
 * that of the file's inode, as npm keeps the package's own modification time.
 */
export function countInstalled(root, lockfile, sinceMs) {
  const all = packagesHere(lockfile);
  const isNew = ([path]) => (statOf(join(root, path, "package.json"))?.ctimeMs ?? 0) >= sinceMs;
  return { present: all.filter(isNew).length, total: all.length };
}

/** Whether npm has finished here: it writes this file last, and a newer package comes from an unfinished install. */
export function hasFinishedInstall(root, lockfile) {
  const finishedMs = modifiedMs(join(root, "node_modules/.package-lock.json"));
  if (finishedMs === undefined) return false;
  return packagesHere(lockfile).every(([path]) => (modifiedMs(join(root, path)) ?? 0) <= finishedMs);
}

function packagesHere(lockfile) {
  return Object.entries(lockfile.packages).filter(([path, entry]) => {
    if (!path.startsWith("node_modules/") || entry.link) return false;
    const isBound = entry.os !== undefined || entry.cpu !== undefined;
    // An optional package for every platform may serve only one that is not for this platform.
    return isBound ? fitsHere(entry) : !entry.optional;
  });
}

function fitsHere(entry) {
  return (
    matches(entry.os, process.platform) &&
    matches(entry.cpu, process.arch) &&
    (!entry.libc || matches(entry.libc, libc()))
  );
}

/** @param {string | string[] | undefined} wanted with `!` before exclusions */
function matches(wanted, actual) {
  if (wanted === undefined) return true;
  const all = [wanted].flat();
  const excluded = all.filter((one) => one.startsWith("!"));
  return excluded.length > 0 ? !excluded.includes(`!${actual}`) : all.includes(actual) || all.includes("any");
}

let knownLibc;

function libc() {
  if (process.platform !== "linux") return undefined;
  process.report.excludeNetwork = true;
  knownLibc ??= process.report.getReport().header.glibcVersionRuntime === undefined ? "musl" : "glibc";
  return knownLibc;
}

function readVersion(directory) {
  try {
    return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")).version;
  } catch {
    return undefined;
  }
}

function modifiedMs(path) {
  return statOf(path)?.mtimeMs;
}

function statOf(path) {
  return statSync(path, { throwIfNoEntry: false });
}
