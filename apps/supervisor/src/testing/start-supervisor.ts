/** Starts testing/supervisor-program.ts on a home and lets a test wait for its output. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("supervisor-program.ts", import.meta.url));

export interface SupervisorUnderTest {
  readonly process: ChildProcess;
  /** All output so far. */
  printed(): string;
  /** Resolves when the pattern was printed, after `from` characters. @throws when the process ends before */
  prints(pattern: RegExp, from?: number): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export function startSupervisor(
  home: string,
  environment: NodeJS.ProcessEnv = {},
  args: string[] = [],
): SupervisorUnderTest {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, ROOST_HOME: home, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  let hasEnded = false;
  const watchers = new Set<() => void>();
  const take = (chunk?: Buffer) => {
    printed += chunk?.toString() ?? "";
    for (const watch of watchers) watch();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => {
      hasEnded = true;
      take();
      resolve({ code, signal });
    });
  });
  return {
    process: child,
    printed: () => printed,
    ended,
    prints: (pattern, from = 0) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          const isThere = pattern.test(printed.slice(from));
          if (!isThere && !hasEnded) return;
          watchers.delete(watch);
          if (isThere) resolve();
          else reject(new Error(`it ended without printing ${pattern}:\n${printed}`));
        };
        watchers.add(watch);
        watch();
      }),
  };
}
