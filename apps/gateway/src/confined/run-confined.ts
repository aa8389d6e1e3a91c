/** Runs a task in a process that can read files but not write them, so that it affects neither this process nor the home. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { readLines, RoostError, type ErrorCode } from "@roost/base";

export interface ConfinedOptions<Progress> {
  /** Path of the program. */
  program: string;
  /** The first line of its input. */
  task: unknown;
  environment: Readonly<Record<string, string | undefined>>;
  /** Stops it; it is killed if it has not ended after `stopMsMax`. */
  signal: AbortSignal;
  stopMsMax: number;
  /** Its name in messages: "the rehearsal". */
  what: string;
  onProgress?: (progress: Progress) => void;
}

const heapMbMax = 768;
/** Enough to find the database, the time zone and the files; no key and no token. */
const passedNames = /^(?:PATH|HOME|TZ|LANG|LC_ALL|TMPDIR|PG[A-Z]+|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS)$/;
const complaintCharsMax = 2_000;
/** Of a message: a report of a rehearsal or a replay. */
const lineCharsMax = 64 * 1024 ** 2;

/** Its output: one JSON message per line. */
type Message<Report, Progress> =
  | ({ kind: "progress" } & Progress)
  | { kind: "report"; report: Report }
  | { kind: "failed"; code: ErrorCode; message: string };

/** Returns its report. @throws RoostError as it reported it, or `internal` when it ended without one */
export async function runConfined<Report, Progress = unknown>(options: ConfinedOptions<Progress>): Promise<Report> {
  const { program, task, environment, signal, stopMsMax, what } = options;
  const passed = Object.fromEntries(Object.entries(environment).filter(([name]) => passedNames.test(name)));
  const compiled = await openCompileCache(environment["NODE_COMPILE_CACHE"]);
  // No more to write, no --allow-child-process: the runtime itself refuses what would touch the home.
  const mayWrite = compiled === undefined ? [] : [`--allow-fs-write=${compiled}`];
  const child = spawn(
    process.execPath,
    ["--permission", "--allow-fs-read=*", ...mayWrite, `--max-old-space-size=${heapMbMax}`, program],
    { stdio: ["pipe", "pipe", "pipe"], env: { ...passed, NODE_COMPILE_CACHE: compiled } },
  );
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, by) => resolve(by ?? `exit code ${code}`));
  });
  if (child.pid !== undefined) lowerPriority(child.pid);
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    complaint = (complaint + part).slice(-complaintCharsMax);
  });
  // Closing its input tells it to stop; a process that has ended does not notice.
  child.stdin.on("error", () => undefined);
  child.stdin.write(`${JSON.stringify(task)}\n`);
  let killer: NodeJS.Timeout | undefined;
  const stop = () => {
    child.stdin.end();
    killer = setTimeout(() => child.kill("SIGKILL"), stopMsMax).unref();
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  let last: Exclude<Message<Report, Progress>, { kind: "progress" }> | undefined;
  try {
    for await (const line of readLines(child.stdout, { charsMax: lineCharsMax })) {
      if (line === undefined)
        throw new RoostError("limit_exceeded", `${what} said more than ${lineCharsMax} characters at once`);
      const message = JSON.parse(line) as Message<Report, Progress>;
      if (message.kind === "progress") options.onProgress?.(message);
      else last = message;
    }
    const end = await ended;
    if (last?.kind === "report") return last.report;
    if (last?.kind === "failed") throw new RoostError(last.code, last.message);
    throw new RoostError("internal", `${what} ended without a report (${end}): ${complaint.trim() || "no output"}`);
  } finally {
    clearTimeout(killer);
    signal.removeEventListener("abort", stop);
    child.stdin.end();
  }
}

/** Where Node keeps the compiled code of confined programs; nothing else reads it. Without one a start takes twice the time. */
async function openCompileCache(ofThisProcess: string | undefined): Promise<string | undefined> {
  if (ofThisProcess === undefined || ofThisProcess === "") return undefined;
  const directory = `${ofThisProcess}-confined`;
  return await mkdir(directory, { recursive: true }).then(
    () => directory,
    () => undefined,
  );
}

/** Processes that serve the person have priority. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or the system refuses: it keeps its priority.
  }
}
