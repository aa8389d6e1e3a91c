// `node scripts/complete-lockfile.mjs [lockfile]`: adds the platform packages that npm left out of package-lock.json because they could not be
// loaded at that moment (https://github.com/npm/cli/issues/4828). Without them `npm ci` refuses the lockfile everywhere. They have no checksum; a
// later `npm install` that can load them adds it.
import { readFileSync, writeFileSync } from "node:fs";

const file = process.argv[2] ?? new URL("../package-lock.json", import.meta.url);
const lockfile = JSON.parse(readFileSync(file, "utf8"));
const systems = new Set([
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "wasi",
  "win32",
]);
const libcs = { gnu: "glibc", gnueabihf: "glibc", musl: "musl", musleabihf: "musl" };

for (const parent of Object.values(lockfile.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    if (lockfile.packages[`node_modules/${name}`] !== undefined) continue;
    lockfile.packages[`node_modules/${name}`] = describePlatformPackage(name, version, parent);
    console.log(`added ${name}@${version}`);
  }
}
const sorted = Object.entries(lockfile.packages).toSorted(([a], [b]) => a.localeCompare(b, "en"));
lockfile.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lockfile, null, 2)}\n`);

/** What npm would have written, from a name like `@oxlint/binding-linux-arm-gnueabihf`. */
function describePlatformPackage(name, version, parent) {
  const parts = name.slice(name.lastIndexOf("/") + 1).split("-");
  const [os, cpu, abi] = parts.slice(parts.findIndex((part) => systems.has(part)));
  const libc = os === "linux" ? libcs[abi] : undefined;
  return {
    version,
    cpu: [cpu],
    ...(parent.dev ? { dev: true } : {}),
    ...(libc ? { libc: [libc] } : {}),
    ...(parent.license ? { license: parent.license } : {}),
    optional: true,
    os: [os],
  };
}
