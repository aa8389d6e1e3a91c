/**
 * Runs somebody's command as a child: signals are passed on, its end becomes an exit code, and it can be stopped with
 * everything it has started. Owns no lock and no key.
 */
import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { RoostError } from "@roost/base";
import { exitCodeOfSignal, exitCodes } from "../exit-codes.ts";
import { catchSignals } from "./catch-signals.ts";

export interface RunningCommand {
  /** Undefined unless stdout was asked for. */
  stdout: Readable | undefined;
  /** Resolves when it has ended and its output is read. */
  ended: Promise<CommandEnd>;
  /** SIGTERM, and SIGKILL after the grace. */
  stop(graceMs: number): void;
}

export interface CommandEnd {
  exitCode: number;
  /** Set when a signal ended it. */
  signal: NodeJS.Signals | undefined;
  /** Set when it could not be started at all. */
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
      "there is no command to run: write it after --, as in: roost lock NAME -- CMD",
    );
  }
  // At a terminal the child stays in our group, so that it may read from it and gets Ctrl-C with us. Elsewhere it has
  // a group of its own, so that everything it started can be reached.
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
        startError: isMissing ? `there is no command ${file}` : `${file} cannot be executed: ${error.message}`,
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
    // It has ended already.
  }
}
