/**
 * Loaded with --import before a test: breaks the program in the way that ROOST_TEST_MUTANT names, while its files are read, and
 * leaves the files alone. A mutant whose text is not found as often as it says ends the process, and so does one that never took
 * effect: a test of a mutation must not pass because the code moved.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import { registerHooks, syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Edit } from "./mutant.ts";
import { mutants } from "./mutants.ts";

/** Exit code of a mutant that does not fit the code any more. */
const staleExitCode = 97;

const root = new URL("../../", import.meta.url).href;
const name = process.env["ROOST_TEST_MUTANT"];
const mutant = mutants.find((each) => each.name === name);
if (mutant === undefined) throw new Error(`no mutant is named "${name}": ROOST_TEST_MUTANT takes a name of mutants.ts`);
const waiting = new Set(mutant.edits);

// A module is replaced by a copy with the edits, which imports what the original would. Reading every module through a hook that
// loads would do without Node's compiled code: twice the start of a process.
if (mutant.edits.some((edit) => edit.file.endsWith(".ts"))) {
  const copies = new Map<string, string>();
  const originals = new Map<string | undefined, string>();
  const directory = mkdtempSync(join(tmpdir(), "roost-mutant-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const copyOf = (url: string, edits: Edit[]) => {
    const path = join(directory, `${copies.size}.ts`);
    const text = applyEdits(readFileSync(fileURLToPath(url), "utf8"), edits);
    writeFileSync(path, text.replaceAll("import.meta.url", JSON.stringify(url)));
    copies.set(url, pathToFileURL(path).href);
    originals.set(copies.get(url), url);
    return copies.get(url)!;
  };
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const parentURL = originals.get(context.parentURL) ?? context.parentURL;
      const resolved = nextResolve(specifier, { ...context, parentURL });
      const edits = editsOf(resolved.url);
      return edits.length === 0
        ? resolved
        : { ...resolved, url: copies.get(resolved.url) ?? copyOf(resolved.url, edits) };
    },
  });
}

// SQL is no module: migrations are read as files.
const readFile = fs.readFile;
const readMutated = async (...[path, options]: Parameters<typeof readFile>) => {
  const content = await readFile(path, options);
  const edits = path instanceof URL ? editsOf(path.href) : [];
  return edits.length === 0 ? content : applyEdits(String(content), edits);
};
fs.readFile = readMutated as typeof readFile;
syncBuiltinESMExports();

process.once("exit", () => {
  if (waiting.size > 0) stale(`${[...waiting].map((edit) => edit.file).join(", ")} was never read`);
});

function editsOf(url: string): Edit[] {
  return mutant!.edits.filter((edit) => url === root + edit.file);
}

function applyEdits(text: string, edits: Edit[]): string {
  let mutated = text;
  for (const edit of edits) {
    const parts = mutated.split(edit.find);
    if (parts.length - 1 !== edit.count)
      stale(`${fileURLToPath(root + edit.file)} has this ${parts.length - 1} times, not ${edit.count}: ${edit.find}`);
    mutated = parts.join(edit.replace);
    waiting.delete(edit);
  }
  return mutated;
}

function stale(what: string): never {
  waiting.clear();
  process.stderr.write(`mutant "${name}" does not fit the code any more: ${what}; adapt test/mutation/mutants.ts\n`);
  process.exit(staleExitCode);
}
