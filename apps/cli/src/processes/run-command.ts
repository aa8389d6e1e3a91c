/** Runs a command as a child: passes signals on, maps its end to an exit code, can stop it with everything it started. Knows no lock and no key. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { readProcessIdentity, RoostError } from "@roost/base";
import { exitCodeOfSignal, exitCodes } from "../exit-codes.ts";
import { catchSignals } from "./catch-signals.ts";

export interface RunningCommand {
  /** Undefined when it could not be started. */
  pid: number | undefined;
  /** Of the process that had this number at its start. Undefined also when it had ended at once. */
  identity: string | undefined;
  /** Whether it leads a process group of its own. */
  hasOwnGroup: boolean;
  /** Undefined unless stdout was requested. */
  stdout: Readable | undefined;
  /** Resolves when it has ended and its output is read. */
  ended: Promise<CommandEnd>;
  /** SIGTERM, then SIGKILL after the grace period. */
  stop(graceMs: number): void;
}

export interface CommandEnd {
  exitCode: number;
  /** Set when a signal ended it. */
  signal: NodeJS.Signals | undefined;
  /** Set when it could not be started. */
  startError: string | undefined;
}

export interface RunCommandOptions {
  environment: Record<string, string | undefined>;
  /** The caller reads stdout and passes it on. */
  readsStdout?: boolean;
}

/** @throws RoostError `invalid_input` when there is no command */
export function runCommand(command: readonly string[], options: RunCommandOptions): RunningCommand {
  const [file, ...args] = command;
  if (file === undefined) {
    throw new RoostError(
      "invalid_input",
      "there is no command to run: write it after --, as in roost lock NAME -- CMD",
    );
  }
  // On a terminal the child stays in our process group, so that it can read from it and gets Ctrl-C. Elsewhere it gets its own group, so that
  // everything it starts can be signalled.
  const hasOwnGroup = process.stdin.isTTY !== true && process.platform !== "win32";
  const child = spawn(file, args, {
    stdio: ["inherit", options.readsStdout === true ? "pipe" : "inherit", "inherit"],
    env: options.environment,
    detached: hasOwnGroup,
  });
  const signals = catchSignals(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"], (signal) => {
    const isSentByTerminal = !hasOwnGroup && (signal === "SIGINT" || signal === "SIGQUIT");
    if (!isSentByTerminal) send(child, signal, hasOwnGroup);
  });
  let killTimer: NodeJS.Timeout | undefined;
  const ended = waitForEnd(child, file).finally(() => {
    clearTimeout(killTimer);
    signals[Symbol.dispose]();
  });
  return {
    pid: child.pid,
    identity: child.pid === undefined ? undefined : readProcessIdentity(child.pid),
    hasOwnGroup,
    stdout: child.stdout ?? undefined,
    ended,
    stop(graceMs) {
      send(child, "SIGTERM", hasOwnGroup);
      killTimer ??= setTimeout(() => send(child, "SIGKILL", hasOwnGroup), graceMs);
    },
  };
}

function waitForEnd(child: ChildProcess, file: string): Promise<CommandEnd> {
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      const isMissing = error.code === "ENOENT";
      resolve({
        exitCode: isMissing ? exitCodes.notFound : exitCodes.notExecutable,
        signal: undefined,
        startError: isMissing ? `command not found: ${file}` : `${file} cannot be executed: ${error.message}`,
      });
    });
    child.once("close", (code, signal) => {
      if (child.pid === undefined) return;
      resolve({
        exitCode: signal === null ? (code ?? 0) : exitCodeOfSignal(signal),
        signal: signal ?? undefined,
        startError: undefined,
      });
    });
  });
}

function send(child: ChildProcess, signal: NodeJS.Signals, hasOwnGroup: boolean): void {
  if (child.pid === undefined) return;
  try {
    process.kill(hasOwnGroup ? -child.pid : child.pid, signal);
  } catch {
    // It has already ended.
  }
}
