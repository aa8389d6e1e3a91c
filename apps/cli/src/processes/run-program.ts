/** Runs a program of Roost by its path, on this Node, with the terminal of this command. */
import { once } from "node:events";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import type { CliContext } from "../cli-context.ts";
import { cloneDirectory } from "../clone.ts";
import { exitCodeOfSignal } from "../exit-codes.ts";
import { catchSignals } from "./catch-signals.ts";

const compileCache = join(cloneDirectory, "node_modules/.roost/compile-cache");

/** The program's exit code. `path` is from the root of Roost. */
export async function runProgram(
  { config, terminal, stdin }: CliContext,
  path: string,
  args: readonly string[],
): Promise<number> {
  const child = spawn(process.execPath, [join(cloneDirectory, path), ...args], {
    // With --json stdout holds the document only.
    stdio: ["inherit", terminal.isJson ? process.stderr : "inherit", "inherit"],
    env: { NODE_COMPILE_CACHE: compileCache, ...config.environment, ROOST_HOME: config.homeDir },
  });
  using _signals = catchSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => {
    // Ctrl-C on a terminal has already reached the child.
    if (signal !== "SIGINT" || stdin.isTTY !== true) child.kill(signal);
  });
  const failed = once(child, "error").then(([error]: unknown[]) => {
    throw new RoostError("unavailable", `${path} could not be started: ${(error as Error).message}`, { cause: error });
  });
  const [code, signal] = (await Promise.race([once(child, "close"), failed])) as [number | null, NodeJS.Signals | null];
  return signal === null ? (code ?? 0) : exitCodeOfSignal(signal);
}
