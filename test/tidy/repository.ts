/** The files that the tidy rules look at, as plain values: rules never read the disk, so their tests need none. */
import { parseSync, type EcmaScriptModule } from "oxc-parser";

export interface SourceFile {
  /** From the root, with slashes. */
  path: string;
  text: string;
  lines: string[];
  /** Imports and exports of a program, empty for anything else. */
  imports: Import[];
  exports: Export[];
  /** Text of all comments, without their marks. */
  comments: Comment[];
}

export interface Import {
  /** As it is written. */
  from: string;
  line: number;
  /** With the module that says so: neither its types alone, nor when a line of it runs. */
  isLoaded: boolean;
}

export interface Export {
  name: string;
  line: number;
  isType: boolean;
  isReexport: boolean;
}

export interface Comment {
  text: string;
  line: number;
  lineCount: number;
}

export interface Repository {
  files: readonly SourceFile[];
  find(path: string): SourceFile | undefined;
}

/** What is wrong, where, and what to do instead. */
export interface Complaint {
  path: string;
  line?: number;
  message: string;
}

const programPattern = /\.(?:ts|tsx|mts|mjs|js)$/;

export function createRepository(contents: Readonly<Record<string, string>>): Repository {
  const files = Object.entries(contents).map(([path, text]) => readSource(path, text));
  const byPath = new Map(files.map((file) => [file.path, file]));
  return { files, find: (path) => byPath.get(path) };
}

/** The file's place among the rooms: `packages/kernel`, `apps/cli`, `bench`; undefined outside of them. */
export function roomOf(path: string): string | undefined {
  return /^(?:(?:packages|services|apps)\/[^/]+|bench)(?=\/)/.exec(path)?.[0];
}

/** The room of a package of the project. */
export function findRoom(repository: Repository, name: string): string | undefined {
  return [`packages/${name}`, `services/${name}`, `apps/${name}`, name].find((room) =>
    repository.find(`${room}/package.json`),
  );
}

export function isProgram(path: string): boolean {
  return programPattern.test(path);
}

/** Tests and what only tests use. */
export function isTest(path: string): boolean {
  return /\.(?:test|fixture)\.\w+$|\/testing\/|^test\//.test(path);
}

function readSource(path: string, text: string): SourceFile {
  const lines = text.split("\n");
  if (!isProgram(path)) return { path, text, lines, imports: [], exports: [], comments: [] };
  const parsed = parseSync(path, text);
  const lineOf = createLineFinder(text);
  return {
    path,
    text,
    lines,
    imports: listImports(parsed.module, text, lineOf),
    exports: listExports(parsed.module, lineOf),
    comments: parsed.comments.map((comment) => ({
      text: comment.value,
      line: lineOf(comment.start),
      lineCount: lineOf(comment.end) - lineOf(comment.start) + 1,
    })),
  };
}

function listImports(module: EcmaScriptModule, text: string, lineOf: (offset: number) => number): Import[] {
  const isLoaded = (start: number) => !/^(?:import|export)\s+type\b/.test(text.slice(start, start + 20));
  const fixed = module.staticImports.map(({ moduleRequest, start }) => ({
    from: moduleRequest.value,
    line: lineOf(moduleRequest.start),
    isLoaded: isLoaded(start),
  }));
  const reexported = module.staticExports.flatMap(({ entries, start }) =>
    entries.flatMap(({ moduleRequest }) =>
      moduleRequest
        ? [{ from: moduleRequest.value, line: lineOf(moduleRequest.start), isLoaded: isLoaded(start) }]
        : [],
    ),
  );
  const dynamic = module.dynamicImports.map(({ moduleRequest }) => ({
    from: text.slice(moduleRequest.start, moduleRequest.end).replaceAll(/^["'`]|["'`]$/g, ""),
    line: lineOf(moduleRequest.start),
    isLoaded: false,
  }));
  return [...fixed, ...reexported, ...dynamic];
}

function listExports(module: EcmaScriptModule, lineOf: (offset: number) => number): Export[] {
  return module.staticExports.flatMap(({ entries }) =>
    entries.map((entry) => ({
      name: entry.exportName.name ?? entry.exportName.kind.toLowerCase(),
      line: lineOf(entry.start),
      isType: entry.isType,
      isReexport: entry.moduleRequest !== null,
    })),
  );
}

function createLineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let index = text.indexOf("\n"); index >= 0; index = text.indexOf("\n", index + 1)) starts.push(index + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
