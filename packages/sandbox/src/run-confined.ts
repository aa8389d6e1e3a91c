/** Runs one program confined, within its limits, and keeps what it writes. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { delay, RoostError } from "@roost/base";
import { bubblewrapArguments, type View } from "./bubblewrap-arguments.ts";
import { killAll, readProcessTree, standsStill } from "./process-tree.ts";
import { countBefore, watchSize } from "./watch-size.ts";

export interface ConfinedLimits {
  timeMsMax: number;
  memoryBytesMax: number;
  processesMax: number;
  outputBytesMax: number;
  /** Of one file. */
  fileBytesMax: number;
  /** Of its directory; one that is larger before may not grow. */
  diskBytesMax: number;
}

export const confinedLimitDefaults: ConfinedLimits = {
  timeMsMax: 120_000,
  memoryBytesMax: 2 * 1024 ** 3,
  processesMax: 256,
  outputBytesMax: 10 * 1024 * 1024,
  fileBytesMax: 1024 ** 3,
  diskBytesMax: 10 * 1024 ** 3,
};

export interface RunConfinedOptions extends View {
  limits?: Partial<ConfinedLimits> | undefined;
  /** Written to its standard input, which is then closed. */
  input?: string | Buffer | undefined;
  signal?: AbortSignal | undefined;
  /** What it writes, as it comes. */
  onOutput?: ((chunk: Buffer) => void) | undefined;
}

export interface ConfinedRun {
  /** Why it ended: by itself, or by the limit that it broke. */
  end: "exited" | "time" | "memory" | "processes" | "output" | "disk";
  /** Null when it was killed. */
  exitCode: number | null;
  /** Both of its streams, in the order in which they came. */
  output: Buffer;
  durationMs: number;
}

/** How often memory and processes are counted. */
const lookMs = 200;

/**
 * @throws RoostError `unavailable` when it could not be started; the reason of an aborted signal, after everything of it has ended
 */
export async function runConfined(
  program: readonly string[],
  { limits: given, input, signal, onOutput, ...view }: RunConfinedOptions,
): Promise<ConfinedRun> {
  signal?.throwIfAborted();
  const limits = { ...confinedLimitDefaults, ...given };
  const before = await countBefore(view.directory);
  signal?.throwIfAborted();
  const startedMs = performance.now();
  const child = spawn("bwrap", [...bubblewrapArguments(view), ...limitsOf(limits), ...program], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {},
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  let end: ConfinedRun["end"] = "exited";
  let isStopped = false;
  const stop = (why: ConfinedRun["end"]) => {
    if (isStopped) return;
    isStopped = true;
    end = why;
    void endAll(child);
  };
  const take = (chunk: Buffer) => {
    const kept = chunk.subarray(0, limits.outputBytesMax - bytes);
    bytes += kept.length;
    if (kept.length > 0) {
      chunks.push(kept);
      onOutput?.(kept);
    }
    if (kept.length < chunk.length) stop("output");
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const onAbort = () => stop("exited");
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => stop("time"), limits.timeMsMax);
  using _watch = watch(child.pid, limits, stop);
  using _disk = watchSize(view.directory, { bytesMax: limits.diskBytesMax, before }, () => stop("disk"));
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (cause) => {
        reject(new RoostError("unavailable", `the sandbox could not be started: ${cause.message}`, { cause }));
      });
      child.once("close", (code) => resolve(code));
    });
    signal?.throwIfAborted();
    return { end, exitCode, output: Buffer.concat(chunks), durationMs: Math.round(performance.now() - startedMs) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** It stops as soon as it runs: on a busy machine later than it was told. */
const stopMsMax = 10_000;

/**
 * The first process of its namespace takes all others along, once it is bound to the life of bwrap; before, it would wait for ever for a bwrap that is
 * gone. Stopped first, bwrap starts none while they are listed.
 */
async function endAll(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGSTOP");
  try {
    const untilMs = performance.now() + stopMsMax;
    while (!standsStill(child.pid) && performance.now() < untilMs) await delay(1);
    killAll((await readProcessTree(child.pid)).pids);
  } catch {
    // They could not be listed.
  } finally {
    child.kill("SIGKILL");
  }
}

/** What the kernel itself holds a program to. Of a machine without the program for it, memory and processes are counted alone. */
function limitsOf({ processesMax, fileBytesMax }: ConfinedLimits): string[] {
  const program = "/usr/bin/prlimit";
  if (!existsSync(program)) return [];
  return [program, `--nproc=${processesMax}`, `--fsize=${fileBytesMax}`, "--core=0", "--"];
}

function watch(
  pid: number | undefined,
  { memoryBytesMax, processesMax }: ConfinedLimits,
  stop: (why: ConfinedRun["end"]) => void,
): Disposable {
  let isLooking = false;
  const look = async () => {
    if (pid === undefined || isLooking) return;
    isLooking = true;
    try {
      const { pids, bytes } = await readProcessTree(pid);
      if (bytes > memoryBytesMax) stop("memory");
      else if (pids.length > processesMax) stop("processes");
    } catch {
      // They are counted again at the next look.
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), lookMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
