// Which test files run in which process. A process of its own costs a file half a second of processor time before its first
// test: imports, a cold compiler, schemas. Short files of one room therefore share one; each is a suite of it.

/**
 * @param {string[]} files relative paths
 * @param {{ secondsOf: (file: string) => number | undefined, sharedSecondsMax: number }} options what a file took, when it was
 *   measured, and what files that share a process may take, one after the other
 * @returns {string[][]} the files of each process, in the order in which the processes begin: the longest first, so that none
 *   runs alone at the end. What was never measured may be the longest of all, and has a process of its own
 */
export function planProcesses(files, { secondsOf, sharedSecondsMax }) {
  const processes = [];
  const byLength = files.toSorted(
    (a, b) => (secondsOf(b) ?? Infinity) - (secondsOf(a) ?? Infinity) || (a < b ? -1 : 1),
  );
  for (const file of byLength) {
    const seconds = secondsOf(file) ?? Infinity;
    const room = roomOf(file);
    const shared = processes.find((each) => each.room === room && each.seconds + seconds <= sharedSecondsMax);
    if (shared === undefined) processes.push({ room, seconds, files: [file] });
    else {
      shared.seconds += seconds;
      shared.files.push(file);
    }
  }
  return processes.toSorted((a, b) => b.seconds - a.seconds).map((each) => each.files);
}

/** `packages/kernel`, `apps/cli`, `test`: what is loaded for one file of it serves the others. */
export function roomOf(file) {
  const [first, second] = file.split("/");
  return first === "packages" || first === "apps" ? `${first}/${second}` : first;
}

/** Source of a module that runs the tests of these files. Hooks at the top of a file are those of its own suite. */
export function entryOf(urls) {
  const suites = urls.map(
    ({ file, url }) => `describe(${JSON.stringify(file)}, () => import(${JSON.stringify(url)}));`,
  );
  return ['import { describe } from "node:test";', ...suites, ""].join("\n");
}
