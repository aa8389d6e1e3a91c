// Which test files run in which process. A process of its own costs a file half a second of processor time before its first
// test: imports, a cold compiler, schemas. Short files of one room therefore share one, and so do short
// rooms; each file is a suite of it.

/** Of what files that share a process may take: a process below this has room for other rooms beside it. */
const smallPart = 1 / 4;
/** What was never measured counts as this part of it. It may take longer; one that is known to be short would wait for nothing. */
const unknownPart = 1 / 20;

/**
 * @param {string[]} files relative paths
 * @param {{ secondsOf: (file: string) => number | undefined, sharedSecondsMax: number }} options what a file took, when it was
 *   measured, and what files that share a process may take, one after the other
 * @returns {string[][]} the files of each process, in the order in which the processes begin: the longest first, so that none
 *   runs alone at the end
 */
export function planProcesses(files, { secondsOf, sharedSecondsMax }) {
  const each = files.map((file) => {
    const seconds = secondsOf(file) ?? sharedSecondsMax * unknownPart;
    return { room: roomOf(file), seconds, files: [file] };
  });
  const ofRooms = join(each, { key: ({ room }) => room, sharedSecondsMax });
  const isSmall = ({ seconds }) => seconds < sharedSecondsMax * smallPart;
  const mixed = join(ofRooms.filter(isSmall), { key: () => "all", sharedSecondsMax });
  return inOrder([...ofRooms.filter((one) => !isSmall(one)), ...mixed]).map((one) => one.files);
}

/** Puts those of one key together, as far as they fit. */
function join(processes, { key, sharedSecondsMax }) {
  const joined = [];
  for (const one of inOrder(processes)) {
    const shared = joined.find((other) => key(other) === key(one) && other.seconds + one.seconds <= sharedSecondsMax);
    if (shared === undefined) joined.push({ ...one });
    else {
      shared.seconds += one.seconds;
      shared.files = [...shared.files, ...one.files];
    }
  }
  return joined;
}

function inOrder(processes) {
  return processes.toSorted((a, b) => b.seconds - a.seconds || (a.files[0] < b.files[0] ? -1 : 1));
}

/** `packages/kernel`, `apps/cli`, `test`: what is loaded for one file of it serves the others. */
export function roomOf(file) {
  const [first, second] = file.split("/");
  return first === "packages" || first === "apps" ? `${first}/${second}` : first;
}

/** Source of a module that runs the tests of these files, and notes their processor time where it is told to. */
export function entryOf(files, processorLog) {
  const runner = new URL("run-files.mjs", import.meta.url).href;
  return `import { runFiles } from ${JSON.stringify(runner)};\nrunFiles(${[files, processorLog]
    .filter(Boolean)
    .map((each) => JSON.stringify(each))
    .join(", ")});\n`;
}
