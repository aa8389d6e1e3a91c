import { readFileSync } from "node:fs";

/** The installed version of a package, read where npm put it: some do not export their manifest. */
export function versionOf(name: string): string {
  const manifest = readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
