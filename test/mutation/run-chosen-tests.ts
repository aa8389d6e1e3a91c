/** Runs chosen tests in a process of its own, with a mutant, and says what became of each. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ChosenTests {
  file: string;
  /** Full titles of top-level tests; all others are left out. */
  titles: readonly string[];
  /** Name of the mutant. */
  mutant: string;
  databaseUrl: string;
}

export interface Ran {
  /** Titles, sorted. */
  passed: string[];
  failed: string[];
  /** What the process printed, for a person. */
  printed: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const registerUrl = new URL("./register-mutant.ts", import.meta.url).href;
const printedBytesMax = 10_000_000;
/** A test that hangs because its guard is gone has noticed that as well as one that fails; it is ended then and is not green. */
const runMsMax = 180_000;

export async function runChosenTests({ file, titles, mutant, databaseUrl }: ChosenTests): Promise<Ran> {
  const { ROOST_TEST_MUTANT: _outer, NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const child = {
    cwd: root,
    timeout: runMsMax,
    killSignal: "SIGKILL" as const,
    maxBuffer: printedBytesMax,
    env: {
      ...env,
      ROOST_TEST_DATABASE_URL: databaseUrl,
      ROOST_TEST_MUTANT: mutant,
    },
  };
  const options = [
    `--import=${registerUrl}`,
    "--test-reporter=tap",
    ...titles.map((title) => `--test-name-pattern=/^${RegExp.escape(title)}$/`),
  ];
  const printed = await new Promise<string>((resolve) => {
    execFile(process.execPath, [...options, file], child, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  return { passed: titlesAfter("ok", printed), failed: titlesAfter("not ok", printed), printed };
}

/** TAP escapes "#" and "\" in titles. */
function titlesAfter(mark: "ok" | "not ok", tap: string): string[] {
  return [...tap.matchAll(new RegExp(`^${mark} \\d+ - (.*)$`, "gm"))]
    .map((match) => match[1]!.replaceAll(/\\([#\\])/g, "$1"))
    .toSorted();
}
