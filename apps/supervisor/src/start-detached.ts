/**
 * `roost up --detach`: starts this program again without a terminal, shows what it says until everything is ready,
 * and leaves it running.
 */
import { spawn } from "node:child_process";

/** What the detached one says when it is up. */
export const detachedReady = "ready";

/** Given to the detached one. */
export const detachedVariable = "ROOST_DETACHED";

export interface StartDetachedOptions {
  program: string;
  environment: NodeJS.ProcessEnv;
  write: (text: string) => void;
}

/** The exit code for the process that detaches: 0 once everything is ready, else that of the one that failed. */
export function startDetached(options: StartDetachedOptions): Promise<number> {
  const child = spawn(process.execPath, [options.program, "up"], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...options.environment, [detachedVariable]: "1" },
  });
  child.stdout?.on("data", (chunk: Buffer) => options.write(chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => options.write(chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // Somebody may have stopped it in order before it was ready: it does not run all the same.
    child.once("close", (code) => resolve(code || 1));
    child.once("message", (message) => {
      if (message !== detachedReady) return;
      child.disconnect();
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      resolve(0);
    });
  });
}
