// Runs several files of tests in this process, each as a suite: hooks at the top of a file are those of its own suite, and a failure names it.
import { appendFileSync } from "node:fs";
import { after, before, describe } from "node:test";
import { readProcessorSeconds } from "./read-processor-seconds.mjs";

/** Tests close what they open. What keeps their process alive this long after the last of them never ends by itself. */
const leftOpenMsMax = 60_000;

/**
 * @param {{ file: string, url: string }[]} files
 * @param {string} [processorLog] takes a line of JSON for each file, with its processor time
 */
export function runFiles(files, processorLog) {
  after(() => void setTimeout(() => end(files), leftOpenMsMax).unref());
  for (const { file, url } of files) {
    describe(file, () => {
      if (processorLog !== undefined) noteProcessorTime(file, processorLog);
      return import(url);
    });
  }
}

/** Of the tests of a file and the processes that they started and waited for; not of the PostgreSQL that all tests share. */
function noteProcessorTime(file, log) {
  let startedS = 0;
  before(() => void (startedS = readProcessorSeconds()));
  after(() => appendFileSync(log, `${JSON.stringify({ file, seconds: readProcessorSeconds() - startedS })}\n`));
}

function end(files) {
  const open = process.getActiveResourcesInfo().join(", ");
  const names = files.map(({ file }) => file).join(", ");
  console.error(`still open ${leftOpenMsMax / 1000} s after the last test: ${open}; left by one of ${names}`);
  process.exit(1);
}
