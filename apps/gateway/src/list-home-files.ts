import { join } from "node:path";
import { RoostError } from "@roost/base";
import { definitionFilesMax, listDefinitionFiles } from "@roost/jobs/files";

/** The definitions in a folder of the home: paths relative to it, by name, and what is to be told about them. */
export async function listHomeFiles(
  homeDir: string,
  folder: "agents" | "jobs",
  endings: readonly string[],
): Promise<{ files: string[]; notices: string[] }> {
  const all = await listDefinitionFiles(join(homeDir, folder), { endings }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new RoostError("unavailable", `${folder}/ of the home cannot be read: ${error.message}`, { cause: error });
  });
  const max = definitionFilesMax;
  const notices =
    all.length > max
      ? [`${folder}/ has ${all.length} files (limit ${max}): those from ${all[max]} on are not applied`]
      : [];
  return { files: all.slice(0, max).map((name) => `${folder}/${name}`), notices };
}
