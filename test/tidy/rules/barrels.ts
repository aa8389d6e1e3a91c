/** `src/index.ts` is for others: its own package never imports it, and below `src/` no file only passes on others. */
import { posix } from "node:path";
import { isTest, roomOf, type Complaint, type Repository, type SourceFile } from "../repository.ts";

export function checkBarrels(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    const room = roomOf(file.path);
    return room === undefined ? [] : [...listOwnIndexImports(file, room), ...listLowerBarrels(file, room, repository)];
  });
}

function listOwnIndexImports(file: SourceFile, room: string): Complaint[] {
  return file.imports.flatMap(({ from, line }) => {
    const isOwnIndex = from.startsWith(".") && posix.join(posix.dirname(file.path), from) === `${room}/src/index.ts`;
    return isOwnIndex
      ? [{ path: file.path, line, message: "imports the index of its own package: import the file that has it" }]
      : [];
  });
}

function listLowerBarrels(file: SourceFile, room: string, repository: Repository): Complaint[] {
  const isBarrel = file.exports.length > 0 && file.exports.every((one) => one.isReexport);
  const isNamedIndex = posix.basename(file.path) === "index.ts";
  if (file.path === `${room}/src/index.ts` || (!isBarrel && !isNamedIndex) || isTest(posix.basename(file.path)))
    return [];
  if (listPublicFiles(repository, room).includes(file.path)) return [];
  return [{ path: file.path, message: "only passes on what other files export: let its importers name those files" }];
}

/** The files that a package's `exports` lists. */
export function listPublicFiles(repository: Repository, room: string): string[] {
  const manifest = JSON.parse(repository.find(`${room}/package.json`)?.text ?? "{}") as {
    exports?: Record<string, string>;
  };
  return Object.values(manifest.exports ?? {}).map((target) => posix.join(room, target));
}
