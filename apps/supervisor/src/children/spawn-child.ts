/**
 * One lifetime of a child process: start, pings, output, end. Restarts: keep-child.ts. It has its own process group: Ctrl-C reaches only the
 * supervisor, which stops everything in order.
 */
import { formatDurationMs, readProcessIdentity } from "@roost/base";
import { spawn, type ChildProcess } from "node:child_process";
import { createChildOutput, type ChildOutput } from "../logs/child-output.ts";
import { readChildMessage, type ChildRequest, type ReadyMessage } from "./child-messages.ts";

export interface ChildProgram {
  /** Unique per supervisor: `gateway`, `worker-1`. */
  name: string;
  /** The program file. */
  path: string;
  /** For Node itself. */
  nodeArguments?: string[];
  /** Called at every start. */
  environment: () => NodeJS.ProcessEnv;
}

export interface ChildLimits {
  pingEveryMs: number;
  /** A child counts as hung after this many unanswered pings in a row. Counting survives a sleeping laptop. */
  missedPingsMax: number;
  /** From its start until `ready`. */
  readyMsMax: number;
  /** From SIGTERM until SIGKILL. */
  graceMsMax: number;
}

export const defaultLimits: ChildLimits = {
  pingEveryMs: 3_000,
  missedPingsMax: 5,
  readyMsMax: 300_000,
  graceMsMax: 10_000,
};

export interface ChildEnd {
  /** For a person: "exit code 1", "SIGKILL", "it did not answer for 15 s". */
  reason: string;
  code: number | null;
  wasReady: boolean;
  upMs: number;
  lastError?: string | undefined;
}

export interface RunningChild {
  readonly identity: string | undefined;
  readonly ended: Promise<ChildEnd>;
  /** Sends SIGTERM, and SIGKILL after the grace period. */
  stop(): void;
  kill(): void;
  /** There may be something for it to do. */
  hint(): void;
}

export interface SpawnChildOptions {
  nodePath: string;
  directory: string;
  limits: ChildLimits;
  writeLog: (line: string) => void;
  onReady: (message: ReadyMessage) => void;
  /** Of a database that is up. Undefined: none of its processes asks. */
  databaseUrl: (() => Promise<string>) | undefined;
  /** What it asks of its supervisor while it runs. */
  onRequest: (message: ChildRequest) => void;
}

/** Wait for remaining output after its end; a grandchild may keep the pipes open for ever. */
const outputMsMax = 500;

export function spawnChild(program: ChildProgram, options: SpawnChildOptions): RunningChild {
  const { limits } = options;
  const startedMs = performance.now();
  const child = spawn(options.nodePath, [...(program.nodeArguments ?? []), program.path], {
    cwd: options.directory,
    env: program.environment(),
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  const output = createChildOutput(program.name, options.writeLog);
  let killReason: string | undefined;
  let wasReady = false;
  const kill = (reason?: string) => {
    killReason ??= reason;
    child.kill("SIGKILL");
  };
  const stopPings = watchPings(child, limits, () =>
    kill(`it did not answer for ${formatDurationMs(limits.pingEveryMs * limits.missedPingsMax)}`),
  );
  const readyTimer = setTimeout(
    () => kill(`it was not ready after ${formatDurationMs(limits.readyMsMax)}`),
    limits.readyMsMax,
  );
  let graceTimer: NodeJS.Timeout | undefined;
  const tell = (message: object) => child.connected && child.send(message, () => undefined);
  const tellDatabase = (url: string) => {
    // The database had limits of its own.
    readyTimer.refresh();
    tell({ type: "database", url });
  };
  child.on("message", (received) => {
    const message = readChildMessage(received);
    if (message === undefined || message.type === "pong") return;
    if (message.type === "database") return void options.databaseUrl?.().then(tellDatabase, () => undefined);
    if (message.type !== "ready") return options.onRequest(message);
    if (wasReady) return;
    wasReady = true;
    clearTimeout(readyTimer);
    options.onReady(message);
  });
  const ended = waitForEnd(child, output).then(({ code, reason }) => {
    stopPings();
    clearTimeout(readyTimer);
    clearTimeout(graceTimer);
    const lastError = output.lastError();
    return {
      reason: killReason ?? reason,
      code,
      wasReady,
      upMs: performance.now() - startedMs,
      lastError,
    };
  });
  return {
    identity: child.pid === undefined ? undefined : readProcessIdentity(child.pid),
    ended,
    stop() {
      child.kill("SIGTERM");
      graceTimer ??= setTimeout(
        () => kill(`it did not stop within ${formatDurationMs(limits.graceMsMax)}`),
        limits.graceMsMax,
      );
    },
    kill: () => kill(),
    hint() {
      tell({ type: "hint" });
    },
  };
}

/** Begins at the child's first answer: until then it may be loading, and `readyMsMax` applies. */
function watchPings(child: ChildProcess, limits: ChildLimits, onHung: () => void): () => void {
  let missed: number | undefined;
  child.on("message", (received) => {
    if (readChildMessage(received) !== undefined) missed = 0;
  });
  const timer = setInterval(() => {
    if (missed !== undefined) missed += 1;
    if ((missed ?? 0) > limits.missedPingsMax) return onHung();
    // A closed or full channel counts as a missed ping.
    if (child.connected) child.send({ type: "ping" }, () => undefined);
  }, limits.pingEveryMs);
  return () => clearInterval(timer);
}

function waitForEnd(child: ChildProcess, output: ChildOutput): Promise<{ code: number | null; reason: string }> {
  child.stdout?.on("data", (chunk: Buffer) => output.take("stdout", chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.take("stderr", chunk));
  return new Promise((resolve) => {
    let end: { code: number | null; reason: string } | undefined;
    const finish = () => {
      output.end();
      resolve(end ?? { code: null, reason: "it ended" });
    };
    child.once("error", (error) => {
      // The program could not be started, and `exit` does not follow. Failed kills and sends also arrive here.
      if (child.pid !== undefined) return;
      end = { code: null, reason: `it could not be started (${error.message})` };
      finish();
    });
    child.once("exit", (code, signal) => {
      end = { code, reason: signal ?? `exit code ${code}` };
      const timer = setTimeout(finish, outputMsMax);
      child.once("close", () => {
        clearTimeout(timer);
        finish();
      });
    });
  });
}
