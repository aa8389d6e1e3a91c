/**
 * One process of Roost as a supervisor would start it: by path, with a channel over which it says that it is ready. It ends when
 * its starter does, however that ends. What it logs is kept to be shown when something goes wrong.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readInheritedEnvironment } from "../config.ts";

export interface ProgramOptions {
  /** From the root of the repository. */
  path: string;
  environment: Record<string, string>;
  args?: readonly string[];
}

export interface ProgramReady {
  type: "ready";
  url?: string | undefined;
}

export interface Program extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly ready: ProgramReady;
  /** The last lines that it logged. */
  readonly log: readonly string[];
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const logLinesMax = 200;

/** Resolves when the program says that it is ready. @throws Error with its log when it ends before that */
export async function startProgram({ path, environment, args = [] }: ProgramOptions): Promise<Program> {
  const child = spawn(process.execPath, [`${root}${path}`, ...args], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...readInheritedEnvironment(), ...environment },
  });
  const log = collectLog(child);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = await new Promise<ProgramReady>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(new Error(`${path} ended (${code ?? signal}) before it was ready:\n${log.join("\n")}`)),
    );
    child.on("message", (message: ProgramReady) => {
      if (message.type === "ready") resolve(message);
    });
  });
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return { name: path, pid: child.pid!, ready, log, ended, kill, [Symbol.asyncDispose]: () => kill("SIGTERM") };
}

function collectLog(child: ChildProcess): string[] {
  const lines: string[] = [];
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    lines.push(...text.split("\n").filter((line) => line !== ""));
    if (lines.length > logLinesMax) lines.splice(0, lines.length - logLinesMax);
  });
  return lines;
}
