/** A file is named after what it exports, in kebab case, with words that say something. */
import { posix } from "node:path";
import { isProgram, isTest, roomOf, type Complaint, type Repository, type SourceFile } from "../repository.ts";
import { listPublicFiles } from "./barrels.ts";

const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const freeNames = new Set(["main", "config", "index"]);
const emptyWords = new Set(["manager", "helper", "helpers", "util", "utils", "core", "shared", "misc", "common", "v2"]);
/** As the last word they say nothing: `jobData` is a job, `RunInfo` a run. */
const emptyEndings = new Set(["data", "info"]);

export function checkFileNames(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    if (!/\.(?:ts|tsx|mjs|sql)$/.test(file.path) || file.path.startsWith("node_modules/")) return [];
    const base = posix.basename(file.path).split(".")[0] as string;
    return [...judgeName(file, base), ...judgeExport(file, base, repository), ...judgeWords(file)];
  });
}

function judgeName(file: SourceFile, base: string): Complaint[] {
  if (kebab.test(base)) return [];
  const isComponent = file.path.endsWith(".tsx") && file.exports.some(({ name }) => name === base);
  if (isComponent) return [];
  return [
    {
      path: file.path,
      message: file.path.endsWith(".tsx")
        ? `"${base}" is not what it exports: name the file after its component, RunList.tsx`
        : `"${base}" is not in kebab case: name the file like its main export, append-events.ts`,
    },
  ];
}

function judgeExport(file: SourceFile, base: string, repository: Repository): Complaint[] {
  const room = roomOf(file.path);
  if (room === undefined || !kebab.test(base) || !isProgram(file.path) || isTest(file.path) || freeNames.has(base))
    return [];
  const own = file.exports.filter((one) => !one.isReexport);
  // Types alone may be named for what they are about; what a package lists as public is named for the reader.
  if (own.every((one) => one.isType) || listPublicFiles(repository, room).includes(file.path)) return [];
  // duration.ts has parseDurationMs and formatDurationMs: both are about what its name says.
  const squeezed = base.replaceAll("-", "").replace(/s$/, "");
  if (own.some((one) => one.name.toLowerCase().includes(squeezed))) return [];
  const names = own.map((one) => one.name).join(", ");
  return [
    { path: file.path, message: `exports ${names}, none of which is its name: rename the file or its main export` },
  ];
}

function judgeWords(file: SourceFile): Complaint[] {
  const ofPath = file.path.split(/[/.-]/).filter((word) => emptyWords.has(word.toLowerCase()));
  const complaints: Complaint[] = ofPath.map((word) => ({
    path: file.path,
    message: describeEmptyWord(word, file.path),
  }));
  for (const { name, line } of file.exports) {
    const words = name.split(/(?=[A-Z])|_|(?<=[a-z])(?=\d)/).map((word) => word.toLowerCase());
    const isVersioned = /V\d$/.test(name);
    const found = words.find((word) => emptyWords.has(word)) ?? (isVersioned ? name.slice(-2) : undefined);
    const last = words.at(-1) as string;
    // An event has data: CloudEvents says so.
    const ending = words.length > 1 && emptyEndings.has(last) && words.at(-2) !== "event" ? last : undefined;
    const bad = found ?? ending;
    if (bad !== undefined) complaints.push({ path: file.path, line, message: describeEmptyWord(bad, name) });
  }
  return complaints;
}

function describeEmptyWord(word: string, name: string): string {
  return `"${word}" in ${name} says nothing: name the one thing that it is or does (docs/GLOSSARY.md)`;
}
