/** Where services are: a folder with a service.ts below services/ of Roost or of the home is one, and no list names it. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { nearestName, RoostError } from "@roost/base";

export interface ServiceFolder {
  name: string;
  directory: string;
}

/** Folders with a service.ts, by name. What is a link is no folder: it may lead anywhere. @throws RoostError `conflict` for a name in two parents */
export async function findServiceFolders(parents: readonly string[]): Promise<Map<string, ServiceFolder>> {
  const found = new Map<string, ServiceFolder>();
  for (const parent of parents) {
    for (const entry of await readdir(parent, { withFileTypes: true }).catch(() => [])) {
      const { name } = entry;
      const directory = join(parent, name);
      const isService = entry.isDirectory() && (await stat(join(directory, "service.ts")).catch(() => undefined));
      if (!isService) continue;
      const other = found.get(name)?.directory;
      if (other !== undefined)
        throw new RoostError("conflict", `There are two services "${name}": ${other} and ${directory}. Rename one`);
      found.set(name, { name, directory });
    }
  }
  return found;
}

/** @throws RoostError `not_found`, with the nearest name */
export function folderOf(folders: ReadonlyMap<string, ServiceFolder>, name: string): ServiceFolder {
  const found = folders.get(name);
  if (found !== undefined) return found;
  const nearest = nearestName(name, [...folders.keys()]);
  const advice = nearest === undefined ? "" : `: did you mean ${nearest}?`;
  throw new RoostError("not_found", `There is no folder services/${name} with a service.ts${advice}`);
}
