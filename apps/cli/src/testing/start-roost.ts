/** Runs the real program as a process. */
import { once } from "node:events";
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { RoostError } from "@roost/base";
import { testToken } from "./serve-gateway.ts";

const program = fileURLToPath(new URL("../main.ts", import.meta.url));
const compileCache = fileURLToPath(new URL("../../../../node_modules/.roost/compile-cache", import.meta.url));

export interface RoostRun {
  child: ChildProcess;
  /** Its output so far. */
  output: () => string;
  /** Resolves once the output holds the text; rejects when the process ends without it. */
  said: (text: string) => Promise<void>;
  /** What something else brings about while it runs; rejects when it ends before. */
  meanwhile: <T>(what: Promise<T>) => Promise<T>;
  ended: Promise<RoostExit>;
}

export interface RoostExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  url?: string | undefined;
  input?: string;
  environment?: Record<string, string>;
}

export function startRoost(args: readonly string[], options: StartOptions = {}): RoostRun {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { NODE_COMPILE_CACHE: compileCache, ...environmentOf(options) },
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  const onPart = () => {
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    stdout += part;
    onPart();
  });
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    stderr += part;
    onPart();
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const ended = once(child, "close").then(([code, signal]: unknown[]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }));
  const meanwhile = <T>(what: Promise<T>) =>
    Promise.race([
      what,
      ended.then((end) => {
        throw new RoostError("internal", `it ended before what was waited for: ${JSON.stringify(end)}`);
      }),
    ]);
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!(stdout + stderr).includes(text)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
      void ended.then((end) =>
        reject(new RoostError("internal", `it ended without saying "${text}": ${JSON.stringify(end)}`)),
      );
    });
  return { child, output: () => stdout + stderr, said, meanwhile, ended };
}

export function environmentOf({ url, environment }: StartOptions): Record<string, string | undefined> {
  return {
    PATH: process.env["PATH"],
    TZ: "UTC",
    ROOST_HOME: "/nonexistent/roost-home",
    ...(url === undefined ? {} : { ROOST_URL: url, ROOST_TOKEN: testToken }),
    ...environment,
  };
}
