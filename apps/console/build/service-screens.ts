/**
 * The screens that services bring: found in their folders `console`, described by their contracts, and bundled as chunks of their own. A service
 * without such a folder stays out of the bundle.
 */
import { access, glob } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { assert } from "@roost/base/browser";
import type { ServiceContract } from "@roost/contract";
import { iconPaths } from "../src/parts/icon-paths.ts";

export interface ScreenedService {
  contract: ServiceContract;
  /** Its folder `console`. */
  folder: string;
}

/** `services`: the folder of services. */
export async function findScreenedServices(services: string): Promise<ScreenedService[]> {
  const folders = (await Array.fromAsync(glob("*/console", { cwd: services }))).toSorted();
  return Promise.all(
    folders.map(async (folder) => {
      const path = join(services, folder, "../contract.ts");
      const exported = (await import(pathToFileURL(path).href)) as Record<string, ServiceContract>;
      const contract = Object.values(exported).find((value) => Array.isArray(value.screens));
      assert(contract !== undefined, `${path} exports no contract with screens`);
      await Promise.all(listViews(contract).map((view) => access(join(services, folder, `${view}.tsx`))));
      for (const { icon, name } of contract.screens)
        assert(Object.hasOwn(iconPaths, icon), `${path}: the console has no icon "${icon}" for ${name}`);
      return { contract, folder: join(services, folder) };
    }),
  );
}

/** The source of the module that lists the screens with what loads them. */
export function listServiceScreens(services: readonly ScreenedService[]): string {
  const entries = services.flatMap(({ contract, folder }) => {
    const load = (view: string) =>
      `() => import(${JSON.stringify(join(folder, `${view}.tsx`))}).then((all) => ({ default: all.${view} }))`;
    return contract.screens.map(({ path, name, icon, key, view, inside = [] }) => {
      const told = JSON.stringify({ service: contract.name, path, name, icon, key });
      const below = inside.map((one) => `{ path: ${JSON.stringify(one.path)}, load: ${load(one.view)} }`);
      return `{ ...${told}, load: ${load(view)}, inside: [${below.join(", ")}] }`;
    });
  });
  return `export const serviceScreens = [${entries.join(",\n")}];\n`;
}

function listViews({ screens }: ServiceContract): string[] {
  return screens.flatMap(({ view, inside = [] }) => [view, ...inside.map((one) => one.view)]);
}
