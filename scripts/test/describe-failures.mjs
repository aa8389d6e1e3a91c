// What a run of tests says last: which tests failed and why, short enough for a record that keeps only the end of its output.
import { relative, resolve } from "node:path";
import { inspect } from "node:util";

const failuresShownMax = 20;
const linesMax = 30;
const lineLengthMax = 300;
const outputLengthMax = 2_000;

/** Follow from another failure, or from the end of the run. */
const consequences = new Set(["cancelledByParent", "testAborted"]);

/**
 * Collects failures as events of node:test tell them.
 * @param {{ root: string }} options files are named relative to it
 */
export function createFailureList({ root }) {
  const failures = [];
  const underWay = new Map();
  const outputs = new Map();
  const keyOf = ({ file, line, column, name }) => JSON.stringify([file, line, column, name]);
  return {
    begin: (test) => underWay.set(keyOf(test), test),
    end: (test) => underWay.delete(keyOf(test)),
    /** What a process writes to stderr: the reason, where it failed as a whole. */
    write: ({ file, message }) => outputs.set(file, `${outputs.get(file) ?? ""}${message}`.slice(-outputLengthMax)),
    /** A suite that failed because of its tests is none. */
    fail(test) {
      const { error } = test.details;
      if (error?.failureType === "subtestsFailed") return;
      const isProcess = test.file !== undefined && resolve(root, test.name) === test.file;
      const thrown = error?.cause ?? error;
      failures.push({ ...test, error, thrown: isProcess ? (outputs.get(test.file) ?? thrown) : thrown });
    },
    /** Empty when nothing failed. */
    describe() {
      if (failures.length === 0) return "";
      const sorted = failures.toSorted((a, b) => rankOf(a) - rankOf(b));
      const shown = sorted.slice(0, failuresShownMax).map((failure) => describeFailure(failure, root));
      const more = sorted.length - shown.length;
      const open = [...underWay.values()].filter(({ type }) => type !== "suite");
      return [
        `${sorted.length} failed:`,
        ...shown,
        ...(more > 0 ? [`and ${more} more: see above`] : []),
        ...open.slice(0, failuresShownMax).map((test) => `had not ended: ${placeOf(test, root)}${test.name}`),
      ].join("\n");
    },
  };
}

function rankOf({ error }) {
  return consequences.has(error?.failureType) ? 1 : 0;
}

function placeOf({ file, line }, root) {
  return file === undefined ? "" : `${relative(root, file)}:${line} `;
}

function describeFailure(failure, root) {
  const lines = textOf(failure.thrown)
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s+at .*\(?node:internal\//.test(line));
  const shown = lines
    .slice(0, linesMax)
    .map((line) => `    ${line.length > lineLengthMax ? `${line.slice(0, lineLengthMax)} …` : line}`);
  const more = lines.length - shown.length;
  return [
    `✖ ${placeOf(failure, root)}${failure.name}`,
    ...shown,
    ...(more > 0 ? [`    … ${more} more lines`] : []),
  ].join("\n");
}

function textOf(thrown) {
  return typeof thrown === "string" ? thrown : inspect(thrown, { depth: 3 });
}
