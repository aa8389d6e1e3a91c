// Makes sure that what the lockfile names is there, and says which Node runs Roost. When everything is there this
// reads two files and starts nothing; otherwise one process at a time runs `npm ci`. The marker is written only after
// every package was found and is on the disk, so an install that was interrupted at any moment is done again.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InstallError } from "./install-error.mjs";
import { acquireInstallLock } from "./install-lock.mjs";
import { countInstalled, hasFinishedInstall, listMissingPackages } from "./installed-packages.mjs";
import { preparePinnedNode } from "./pinned-node.mjs";
import { showProgress } from "./progress.mjs";
import { npmArguments, npmLogFile, runNpm } from "./run-npm.mjs";

const namedMissingMax = 5;
const progressMs = 250;
const wantsPermission = new Set(["EACCES", "EPERM", "EROFS"]);

/**
 * @param {string} root the clone
 * @returns {Promise<{ nodePath: string, nodeVersion: string }>}
 * @throws {InstallError}
 */
export async function ensureInstalled(root) {
  const lockfileText = readFileSync(join(root, "package-lock.json"), "utf8");
  const lockfileHash = createHash("sha256").update(lockfileText).digest("hex");
  return readMarker(root, lockfileHash) ?? (await install({ root, lockfileHash, lockfile: JSON.parse(lockfileText) }));
}

/** A marker is of this lockfile and this machine, and its Node is still there. */
function readMarker(root, lockfileHash) {
  try {
    const marker = JSON.parse(readFileSync(markerFile(root), "utf8"));
    const isOurs =
      marker.lockfileHash === lockfileHash && marker.platform === platform() && existsSync(marker.nodePath);
    return isOurs ? { nodePath: marker.nodePath, nodeVersion: marker.nodeVersion } : undefined;
  } catch {
    return undefined;
  }
}

async function install({ root, lockfileHash, lockfile }) {
  const directory = join(root, ".install");
  let lock;
  try {
    lock = await acquireInstallLock(directory, (pid) =>
      console.error(`Waiting for process ${pid}, which is installing`),
    );
  } catch (error) {
    throw explainRefusal(error, root);
  }
  try {
    const installed = readMarker(root, lockfileHash);
    if (installed !== undefined) return installed;
    // npm outlives this process when it is killed; the next one then waits for npm.
    const npmOptions = { root, logFile: npmLogFile(directory), onStart: lock.extend };
    // What the person's own `npm ci` has put there is taken as it is.
    if (!hasFinishedInstall(root, lockfile) || listMissingPackages(root, lockfile).length > 0) {
      await runInstall(root, lockfile, npmOptions);
    }
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const node = await preparePinnedNode({ root, machinery: machineryDirectory(root), manifest, npmOptions });
    const marker = { lockfileHash, platform: platform(), nodePath: node.path, nodeVersion: node.version };
    writeMarker(root, marker);
    return { nodePath: node.path, nodeVersion: node.version };
  } catch (error) {
    throw explainRefusal(error, root);
  } finally {
    lock.release();
  }
}

async function runInstall(root, lockfile, npmOptions) {
  const describe = () => {
    const { present, total } = countInstalled(root, lockfile);
    return `Installing packages, Node and PostgreSQL included: ${present} of ${total}`;
  };
  const progress = showProgress(describe, progressMs);
  try {
    // No package needs its install script: none is run.
    await runNpm(["ci", "--ignore-scripts", "--include=dev", "--include=optional", ...npmArguments], npmOptions);
  } finally {
    progress.end();
  }
  const missing = listMissingPackages(root, lockfile);
  if (missing.length > 0) {
    const named = missing.slice(0, namedMissingMax).join(", ") + (missing.length > namedMissingMax ? " and more" : "");
    throw new InstallError(`npm could not download ${named}: check the network and run this again`);
  }
}

function writeMarker(root, marker) {
  const directory = machineryDirectory(root);
  mkdirSync(directory, { recursive: true });
  flushToDisk(root);
  const temporary = `${markerFile(root)}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(marker, null, 2)}\n`);
  renameSync(temporary, markerFile(root));
}

/** After a power cut a marker without its packages would be believed. Windows has no command for it. */
function flushToDisk(root) {
  if (process.platform === "win32") return;
  try {
    execFileSync("sync", process.platform === "linux" ? ["-f", join(root, "node_modules")] : []);
  } catch {
    // A system without `sync -f` keeps the risk; the install itself is complete.
  }
}

function explainRefusal(error, root) {
  if (!wantsPermission.has(error.code)) return error;
  const who = process.getuid === undefined ? "this user" : `user ${process.getuid()}`;
  return new InstallError(
    `${who} may not write ${error.path ?? root}: run this as the owner of ${root}, or clone Roost to a directory of your own`,
  );
}

function markerFile(root) {
  return join(machineryDirectory(root), "installed.json");
}

/** Goes when node_modules goes: npm ci empties it first. */
function machineryDirectory(root) {
  return join(root, "node_modules/.roost");
}

function platform() {
  return `${process.platform} ${process.arch}`;
}
