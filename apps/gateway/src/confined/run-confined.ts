/** A task in a process of its own, which may read but not write files, so that neither this process nor the home feels it. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { createInterface } from "node:readline";
import { RoostError, type ErrorCode } from "@roost/base";

export interface ConfinedOptions<Progress> {
  /** Path of the program. */
  program: string;
  /** Its first line of input. */
  task: unknown;
  environment: Readonly<Record<string, string | undefined>>;
  /** Ends it: it is told to stop, and ended when it has not stopped after `stopMsMax`. */
  signal: AbortSignal;
  stopMsMax: number;
  /** What it is, in messages: "the rehearsal". */
  what: string;
  onProgress?: (progress: Progress) => void;
}

const heapMbMax = 768;
/** What a process needs to find its database, its time zone and its files; no key and no token. */
const passedNames = /^(?:PATH|HOME|TZ|LANG|LC_ALL|TMPDIR|PG[A-Z]+|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS)$/;
const complaintCharsMax = 2_000;

/** What it says, a line of JSON each. */
type Message<Report, Progress> =
  | ({ kind: "progress" } & Progress)
  | { kind: "report"; report: Report }
  | { kind: "failed"; code: ErrorCode; message: string };

/** Its report. @throws RoostError as it said it, or `internal` when it ended without a word */
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
  // Its input ends when it is to stop; a process that is gone does not hear it.
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
    for await (const line of createInterface({ input: child.stdout })) {
      const message = JSON.parse(line) as Message<Report, Progress>;
      if (message.kind === "progress") options.onProgress?.(message);
      else last = message;
    }
    const end = await ended;
    if (last?.kind === "report") return last.report;
    if (last?.kind === "failed") throw new RoostError(last.code, last.message);
    throw new RoostError(
      "internal",
      `${what} ended without a report (${end}): ${complaint.trim() || "it said nothing"}`,
    );
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

/** Those who serve the person come first. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It is gone already, or the system does not allow it: it goes on at the usual priority.
  }
}
