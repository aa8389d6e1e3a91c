/**
 * Loaded with --import before a test: breaks the program in the way that ROOST_TEST_MUTANT names, while its files are read, and
 * leaves the files alone. A mutant whose text is not found as often as it says ends the process, and so does one that never took
 * effect: a test of a mutation must not pass because the code moved.
 */
import fs from "node:fs/promises";
import { registerHooks, syncBuiltinESMExports } from "node:module";
import { fileURLToPath } from "node:url";
import type { Edit } from "./mutant.ts";
import { mutants } from "./mutants.ts";

/** Exit code of a mutant that does not fit the code any more. */
const staleExitCode = 97;

const root = new URL("../../", import.meta.url).href;
const name = process.env["ROOST_TEST_MUTANT"];
const mutant = mutants.find((each) => each.name === name);
if (mutant === undefined) throw new Error(`no mutant is named "${name}": ROOST_TEST_MUTANT takes a name of mutants.ts`);
const waiting = new Set(mutant.edits);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const edits = editsOf(url);
    if (edits.length === 0 || loaded.source === undefined || loaded.source === null) return loaded;
    return { ...loaded, source: applyEdits(toText(loaded.source), edits) };
  },
});

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

function toText(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === "string" ? source : new TextDecoder().decode(source);
}

function stale(what: string): never {
  waiting.clear();
  process.stderr.write(`mutant "${name}" does not fit the code any more: ${what}; adapt test/mutation/mutants.ts\n`);
  process.exit(staleExitCode);
}
