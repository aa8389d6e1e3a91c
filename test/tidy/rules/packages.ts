/** package.json files and the lockfile: exact, complete, the same everywhere, and of no registry in particular. */
import { posix } from "node:path";
import { roomOf, type Complaint, type Repository } from "../repository.ts";
import { floorOf } from "./import-direction.ts";

interface Manifest {
  name?: string;
  private?: boolean;
  license?: string;
  type?: string;
  exports?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

interface Lockfile {
  packages: Record<string, { optionalDependencies?: Record<string, string>; resolved?: string }>;
}

const exact = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

export function checkPackages(repository: Repository): Complaint[] {
  const seen = new Map<string, { version: string; path: string }>();
  const manifests = repository.files.filter(({ path }) => posix.basename(path) === "package.json");
  return [
    ...manifests.flatMap(({ path, text }) => {
      const manifest = JSON.parse(text) as Manifest;
      return [...judgeManifest(path, manifest, repository), ...judgeVersions(path, manifest, seen)];
    }),
    ...judgeLockfile(repository),
  ];
}

function judgeManifest(path: string, manifest: Manifest, repository: Repository): Complaint[] {
  const complaints: Complaint[] = [];
  const complain = (message: string) => complaints.push({ path, message });
  if (manifest.license !== "Apache-2.0") complain(`has the licence ${manifest.license}: write Apache-2.0`);
  if (manifest.type !== "module") complain(`has no "type": "module": Node would take its files for CommonJS`);
  if (manifest.private !== true) complain(`is not private: nothing is published from here`);
  const room = roomOf(path);
  if (room === undefined) return complaints;
  if (floorOf(room) === undefined) complain("has no floor: give it one in test/tidy/rules/import-direction.ts");
  // A package below a room that is no workspace: bench/peers is @roost/bench-peers.
  const below = posix.relative(room, posix.dirname(path)).replaceAll("/", "-");
  const name = `@roost/${posix.basename(room)}${below === "" ? "" : `-${below}`}`;
  if (manifest.name !== name) complain(`is named ${manifest.name}: its folder says ${name}`);
  for (const [key, target] of Object.entries(manifest.exports ?? {})) {
    if (!repository.find(posix.join(room, target)))
      complain(`exports ${key} as ${target}, which is not there: correct it or leave it out`);
  }
  return complaints;
}

function judgeVersions(
  path: string,
  manifest: Manifest,
  seen: Map<string, { version: string; path: string }>,
): Complaint[] {
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  return Object.entries(all).flatMap(([name, version]) => {
    if (!exact.test(version)) return [{ path, message: `asks for ${name}@${version}: name one exact version` }];
    const first = seen.get(name);
    seen.set(name, first ?? { version, path });
    if (first === undefined || first.version === version) return [];
    return [{ path, message: `asks for ${name}@${version}, ${first.path} for ${first.version}: agree on one` }];
  });
}

function judgeLockfile(repository: Repository): Complaint[] {
  const path = "package-lock.json";
  const file = repository.find(path);
  if (file === undefined) return [];
  const { packages } = JSON.parse(file.text) as Lockfile;
  return Object.entries(packages).flatMap(([place, entry]) => {
    const complaints: Complaint[] = [];
    if (entry.resolved?.includes("://"))
      complaints.push({ path, message: `names the registry of ${place}: install with this repository's .npmrc` });
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (packages[`node_modules/${name}`] || packages[`${place}/node_modules/${name}`]) continue;
      complaints.push({
        path,
        message: `lacks ${name}, so that npm ci refuses it: run node scripts/complete-lockfile.mjs`,
      });
    }
    return complaints;
  });
}
