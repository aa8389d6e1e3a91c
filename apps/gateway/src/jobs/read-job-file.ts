/** Files of jobs: YAML, a list of jobs or a job per document. What a job must be is the kernel's to say. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, type JsonValue } from "@roost/base";
import { parseAllDocuments } from "yaml";

const filesMax = 500;
const fileBytesMax = 1_048_576;

/** Paths relative to the home, by name; and what is to be told about them. */
export async function listJobFiles(homeDir: string): Promise<{ files: string[]; notices: string[] }> {
  const names = await readdir(join(homeDir, "jobs")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new RoostError("unavailable", `jobs/ of the home cannot be read: ${error.message}`, { cause: error });
  });
  const all = names.filter((name) => /\.ya?ml$/i.test(name) && !name.startsWith(".")).toSorted();
  const notices =
    all.length > filesMax
      ? [`jobs/ has ${all.length} files (limit ${filesMax}): those from ${all[filesMax]} on are not applied`]
      : [];
  return { files: all.slice(0, filesMax).map((name) => `jobs/${name}`), notices };
}

/** @throws RoostError `invalid_input` or `limit_exceeded` that names what is wrong and where */
export async function readJobFile(path: string): Promise<JsonValue[]> {
  const { size } = await stat(path);
  if (size > fileBytesMax) {
    throw new RoostError("limit_exceeded", `it has ${size} bytes (limit ${fileBytesMax}): split it`);
  }
  const documents = parseAllDocuments(await readFile(path, "utf8"));
  const fault = documents.flatMap(({ errors }) => errors)[0];
  if (fault !== undefined) {
    throw new RoostError("invalid_input", fault.message.trim().replace(/:$/, ""), { cause: fault });
  }
  return documents.flatMap((document) => {
    const value = toValue(document);
    return value === null || value === undefined ? [] : Array.isArray(value) ? value : [value];
  });
}

/** @throws RoostError `invalid_input` for aliases that cannot be resolved, or that multiply without bound */
function toValue(document: { toJS(): unknown }): JsonValue | undefined {
  try {
    return document.toJS() as JsonValue | undefined;
  } catch (cause) {
    throw new RoostError("invalid_input", `its aliases cannot be resolved: ${(cause as Error).message}`, { cause });
  }
}
