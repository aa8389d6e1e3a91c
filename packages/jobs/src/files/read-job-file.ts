/** Reads jobs as people write them: YAML or JSON, several documents or a list per file. Validation is elsewhere. */
import { readdir, readFile, stat } from "node:fs/promises";
import { RoostError, type JsonValue } from "@roost/base";
import { parseAllDocuments } from "yaml";
import { readWritten } from "./read-written.ts";

export { homeItself, isSourceOfHome } from "./is-source-of-home.ts";
export { asWritten, differenceAsWritten, writtenDurations, writtenFaults } from "./read-written.ts";

/** Of one folder. */
export const definitionFilesMax = 500;
const fileBytesMax = 1_048_576;

/** Names of the files of a directory that may hold definitions, in order. */
export async function listDefinitionFiles(
  directory: string,
  { endings = ["yaml", "yml", "json"] }: { endings?: readonly string[] } = {},
): Promise<string[]> {
  const isOne = (name: string) =>
    !name.startsWith(".") && endings.some((ending) => name.toLowerCase().endsWith(`.${ending}`));
  return (await readdir(directory)).filter(isOne).toSorted();
}

/** @throws RoostError `not_found`, `invalid_input` or `limit_exceeded`, naming the error */
export async function readJobFile(path: string): Promise<JsonValue[]> {
  return parseJobDocuments(await readDefinitionFile(path));
}

/** @throws RoostError `not_found`, `invalid_input` when it is no file, or `limit_exceeded` */
export async function readDefinitionFile(path: string): Promise<string> {
  const found = await readable(stat(path));
  // Reading a pipe would wait for its writer.
  if (!found.isFile()) throw new RoostError("invalid_input", "it is no file");
  const { size } = found;
  if (size > fileBytesMax)
    throw new RoostError("limit_exceeded", `it has ${size} bytes (limit ${fileBytesMax}): split it`);
  return readable(readFile(path, "utf8"));
}

/** The jobs in a text: of each document, or of the list that it is. @throws RoostError `invalid_input` */
export function parseJobDocuments(text: string): JsonValue[] {
  return parseDocuments(text).map((job) => readWritten("job", job));
}

/** @throws RoostError `invalid_input` */
export function parseDocuments(text: string): JsonValue[] {
  if (/[\0\uFFFD]/.test(text)) throw new RoostError("invalid_input", "it is not UTF-8 text: save it as UTF-8");
  const documents = parseAllDocuments(text);
  const fault = documents.flatMap(({ errors }) => errors)[0];
  if (fault !== undefined)
    throw new RoostError("invalid_input", fault.message.trim().replace(/:$/, ""), { cause: fault });
  return documents.flatMap((document) => {
    const value = toValue(document);
    return value === null || value === undefined ? [] : Array.isArray(value) ? value : [value];
  });
}

/** @throws RoostError `invalid_input` for aliases that cannot be resolved or expand without bound */
function toValue(document: { toJS(): unknown }): JsonValue | undefined {
  try {
    return document.toJS() as JsonValue | undefined;
  } catch (cause) {
    throw new RoostError("invalid_input", `its aliases cannot be resolved: ${(cause as Error).message}`, { cause });
  }
}

async function readable<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (cause) {
    throw new RoostError("not_found", `it cannot be read: ${(cause as Error).message}`, { cause });
  }
}
