/** One rehearsal in a process of its own, which may read but not write files, so that neither this process nor the home feels it. */
import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { createInterface } from "node:readline";
import { RoostError } from "@roost/base";
import type { RehearsalReport } from "@roost/contract/operations";
import type { RehearsalMessage, RehearsalTask } from "@roost/rehearsal/task";

export interface PlayRehearsal {
  /** Path of the program. */
  program: string;
  task: RehearsalTask;
  environment: Readonly<Record<string, string | undefined>>;
  /** Ends it; its database is dropped by itself. */
  signal: AbortSignal;
  onProgress: (progress: { playedUntilMs: number; runCount: number }) => void;
}

const heapMbMax = 768;
/** What a process needs to find its database, its time zone and its files; no key and no token. */
const passedNames = /^(?:PATH|HOME|TZ|LANG|LC_ALL|TMPDIR|PG[A-Z]+|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS)$/;
/** After being told to stop, it drops its database; one that does not is ended. */
const stopMsMax = 10_000;
const complaintCharsMax = 2_000;

/** @throws RoostError as the rehearsal said it, or `internal` when it ended without a word */
export async function playRehearsal(options: PlayRehearsal): Promise<RehearsalReport> {
  const { program, task, environment, signal } = options;
  // No --allow-fs-write, no --allow-child-process: the runtime itself refuses what would touch the home.
  const child = spawn(
    process.execPath,
    ["--permission", "--allow-fs-read=*", `--max-old-space-size=${heapMbMax}`, program],
    {
      stdio: ["pipe", "pipe", "pipe"],
      env: Object.fromEntries(Object.entries(environment).filter(([name]) => passedNames.test(name))),
    },
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
  let last: Exclude<RehearsalMessage, { kind: "progress" }> | undefined;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const message = JSON.parse(line) as RehearsalMessage;
      if (message.kind === "progress") options.onProgress(message);
      else last = message;
    }
    const end = await ended;
    if (last?.kind === "report") return last.report;
    if (last?.kind === "failed") throw new RoostError(last.code, last.message);
    throw new RoostError(
      "internal",
      `the rehearsal ended without a report (${end}): ${complaint.trim() || "it said nothing"}`,
    );
  } finally {
    clearTimeout(killer);
    signal.removeEventListener("abort", stop);
    child.stdin.end();
  }
}

/** Those who serve the person come first. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It is gone already, or the system does not allow it: it plays at the usual priority.
  }
}
