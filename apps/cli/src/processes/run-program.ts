/** Runs a program of Roost by its path, on this Node, with the terminal of this command. */
import { once } from "node:events";
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { errorCodeOfExit } from "@roost/contract/status-codes";
import type { CliContext } from "../cli-context.ts";
import { cloneDirectory } from "../clone.ts";
import { exitCodeOfSignal } from "../exit-codes.ts";
import { catchSignals } from "./catch-signals.ts";

const compileCache = join(cloneDirectory, "node_modules/.roost/compile-cache");
/** Of what it said last, for an error. */
const saidCharsMax = 4_000;

/**
 * The program's exit code. `path` is from the root of Roost. With --json, stdout holds the document that the program sends when it is ready, and
 * what it says goes to stderr. @throws RoostError with --json, as which the program's failure is told
 */
export async function runProgram(context: CliContext, path: string, args: readonly string[]): Promise<number> {
  const { config, terminal, stdin } = context;
  const { isJson } = terminal;
  const child = spawn(process.execPath, [join(cloneDirectory, path), ...args], {
    stdio: isJson ? ["inherit", process.stderr, "pipe", "ipc"] : "inherit",
    env: { NODE_COMPILE_CACHE: compileCache, ...config.environment, ROOST_HOME: config.homeDir },
  });
  const heard = isJson ? hear(child, context) : undefined;
  using _signals = catchSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => {
    // Ctrl-C on a terminal has already reached the child.
    if (signal !== "SIGINT" || stdin.isTTY !== true) child.kill(signal);
  });
  const failed = once(child, "error").then(([error]: unknown[]) => {
    throw new RoostError("unavailable", `${path} could not be started: ${(error as Error).message}`, { cause: error });
  });
  const [code, signal] = (await Promise.race([once(child, "close"), failed])) as [number | null, NodeJS.Signals | null];
  const errorCode = errorCodeOfExit(code);
  if (heard !== undefined && errorCode !== undefined)
    throw new RoostError(errorCode, heard.said.trim() || `${path} ended with ${code}`);
  if (heard !== undefined) process.stderr.write(heard.said);
  return signal === null ? (code ?? 0) : exitCodeOfSignal(signal);
}

/** Prints the document that the program sends, and keeps what it says of its failure. */
function hear(child: ChildProcess, { terminal }: CliContext): { readonly said: string } {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => (said = (said + piece).slice(-saidCharsMax)));
  child.on("message", (message: { ready?: unknown }) => {
    if (message.ready !== undefined) terminal.json(message.ready);
  });
  return {
    get said() {
      return said;
    },
  };
}
