/** A worker as started by its supervisor: `main.ts` as a child process with a channel, on a test's database and home. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface WorkerProcess extends AsyncDisposable {
  pid: number;
  child: ChildProcess;
  /** Resolves with its exit. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
  /** Its log so far. */
  log(): string;
}

export interface WorkerProcessOptions {
  databaseUrl: string;
  homeDir: string;
  modelUrl: string;
  env?: Record<string, string>;
  /** Another program that is started as a worker is. Default: a worker. */
  program?: URL;
  /** For node itself. */
  nodeOptions?: string[];
}

/** The same as a supervisor's. */
const compileCache = fileURLToPath(new URL("../../../../node_modules/.roost/compile-cache", import.meta.url));

/** Resolves when it has reported ready. */
export async function startWorkerProcess(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const child = fork(fileURLToPath(options.program ?? new URL("../main.ts", import.meta.url)), [], {
    execArgv: options.nodeOptions ?? [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: {
      PATH: "/usr/bin:/bin",
      NODE_COMPILE_CACHE: compileCache,
      DATABASE_URL: options.databaseUrl,
      ROOST_HOME: options.homeDir,
      ROOST_MODEL_URL: options.modelUrl,
      ROOST_MODEL: "scripted",
      ROOST_GRACE_MS: "0",
      ...options.env,
    },
  });
  let logged = "";
  child.stderr?.on("data", (text) => {
    logged += String(text);
  });
  const ended = once(child, "exit").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const ready = new Promise<void>((resolve) => {
    child.on("message", (message) => {
      if ((message as { type?: string }).type === "ready") resolve();
    });
  });
  await Promise.race([
    ready,
    ended.then(({ code }) => {
      throw new Error(`the worker ended with ${code} before it was ready: ${logged}`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    child,
    ended,
    kill: (signal) => void child.kill(signal),
    log: () => logged,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
