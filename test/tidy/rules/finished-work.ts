/** Nothing is left for later in the code: no notes to oneself, no test that is switched off, no state of a module. */
import { isProgram, isTest, roomOf, type Complaint, type Repository, type SourceFile } from "../repository.ts";

const note = /\b(?:TODO|FIXME|XXX|HACK)\b/;
const switchedOff =
  /\b(?:test|it|describe|suite)(?:\.(?:skip|only|todo)\(|\(.*\{\s*(?:skip|only|todo):\s*(?:true|["'`]))|\bt\.(?:skip|todo)\(/;
const moduleState = /^(?:export )?let /;
const sleeping = /\bawait (?:delay|sleep|setTimeout)\(|setTimeout\((?:resolve|r|done)\b/;

export function checkFinishedWork(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    if (!isProgram(file.path)) return [];
    return [...listNotes(file), ...listSwitchedOff(file), ...listModuleState(file), ...listSleeps(file)];
  });
}

function listNotes(file: SourceFile): Complaint[] {
  return file.comments.flatMap(({ text, line }) =>
    note.test(text)
      ? [{ path: file.path, line, message: "leaves a note for later: do it now, or say what is and why" }]
      : [],
  );
}

function listSwitchedOff(file: SourceFile): Complaint[] {
  if (!file.path.endsWith(".test.ts")) return [];
  return linesWith(file, switchedOff, "switches a test off: make it pass, or delete it with what it tests");
}

function listModuleState(file: SourceFile): Complaint[] {
  if (isTest(file.path) || roomOf(file.path) === undefined) return [];
  const message =
    'keeps state in the module: let main.ts make it and hand it down, or say why not in a comment that starts with "tidy:"';
  return linesWith(file, moduleState, message);
}

function listSleeps(file: SourceFile): Complaint[] {
  if (!file.path.endsWith(".test.ts")) return [];
  const message =
    'sleeps in a test: wait for what should happen, or move a fake clock; or say why not in a comment that starts with "tidy:"';
  return linesWith(file, sleeping, message);
}

function linesWith(file: SourceFile, pattern: RegExp, message: string): Complaint[] {
  return file.lines.flatMap((text, index) =>
    pattern.test(text) && !text.trimStart().startsWith("//") ? [{ path: file.path, line: index + 1, message }] : [],
  );
}
