// Makes sure that the lockfile's packages are installed, and returns the Node that runs Roost. When everything is there this reads two files and
// starts nothing; otherwise one process at a time runs `npm ci`. The marker is written only after every package was found and synced, so that an
// interrupted install is repeated.
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

/** A marker belongs to this lockfile and this machine, and its Node still exists. */
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

async function install(clone) {
  const directory = join(clone.root, ".install");
  const onWait = (pid) => console.error(`Waiting for process ${pid}, which is installing`);
  try {
    const lock = await acquireInstallLock(directory, onWait);
    try {
      return readMarker(clone.root, clone.lockfileHash) ?? (await installLocked(clone, directory, lock));
    } finally {
      lock.release();
    }
  } catch (error) {
    if (!wantsPermission.has(error.code)) throw error;
    // Installed by another user, by hand: there is nothing to write.
    if (isComplete(clone)) return prepareNode(clone, {});
    throw new InstallError(
      `user ${process.getuid?.() ?? ""} may not write ${clone.root}: run this as the owner of that directory, ` +
        "or clone Roost to one of your own",
    );
  }
}

async function installLocked(clone, directory, lock) {
  // npm outlives this process when it is killed; the next one then waits for npm.
  const npmOptions = { root: clone.root, logFile: npmLogFile(directory), onStart: lock.extend };
  if (!isComplete(clone)) await runInstall(clone, npmOptions);
  const node = await prepareNode(clone, npmOptions);
  writeMarker(clone.root, { lockfileHash: clone.lockfileHash, platform: platform(), ...node });
  return node;
}

/** A person's own `npm ci` counts too. */
function isComplete({ root, lockfile }) {
  return hasFinishedInstall(root, lockfile) && listMissingPackages(root, lockfile).length === 0;
}

async function prepareNode({ root }, npmOptions) {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const node = await preparePinnedNode({ root, machinery: machineryDirectory(root), manifest, npmOptions });
  return { nodePath: node.path, nodeVersion: node.version };
}

async function runInstall({ root, lockfile }, npmOptions) {
  const startedMs = Date.now();
  const describe = () => {
    const { present, total } = countInstalled(root, lockfile, startedMs);
    return `Installing packages, Node and PostgreSQL included: ${present} of ${total}`;
  };
  const progress = showProgress(describe, progressMs);
  try {
    // No package needs its install script, so none is run.
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

/** After a power cut a marker without its packages would be trusted. Windows has no command for it. */
function flushToDisk(root) {
  if (process.platform === "win32") return;
  try {
    execFileSync("sync", process.platform === "linux" ? ["-f", join(root, "node_modules")] : []);
  } catch {
    // A system without `sync -f` keeps the risk; the install itself is complete.
  }
}

function markerFile(root) {
  return join(machineryDirectory(root), "installed.json");
}

/** Deleted together with node_modules: npm ci empties it first. */
function machineryDirectory(root) {
  return join(root, "node_modules/.roost");
}

function platform() {
  return `${process.platform} ${process.arch}`;
}
