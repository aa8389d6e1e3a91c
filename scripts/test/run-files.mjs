// Runs several files of tests in this process, each as a suite: hooks at the top of a file are those of its own suite, and a failure names it.
import { after, describe } from "node:test";

/** Tests close what they open. What keeps their process alive this long after the last of them never ends by itself. */
const leftOpenMsMax = 60_000;

/** @param {{ file: string, url: string }[]} files */
export function runFiles(files) {
  after(() => void setTimeout(() => end(files), leftOpenMsMax).unref());
  for (const { file, url } of files) describe(file, () => import(url));
}

function end(files) {
  const open = process.getActiveResourcesInfo().join(", ");
  const names = files.map(({ file }) => file).join(", ");
  console.error(`still open ${leftOpenMsMax / 1000} s after the last test: ${open}; left by one of ${names}`);
  process.exit(1);
}
