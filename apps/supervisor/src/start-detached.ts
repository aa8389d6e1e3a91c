/** `roost up --detach`: starts this program again without a terminal, shows its output until everything is ready, and leaves it running. */
import { spawn } from "node:child_process";

/** Set for the detached process. */
export const detachedVariable = "ROOST_DETACHED";

export interface StartDetachedOptions {
  program: string;
  /** For its `up`. */
  args?: string[];
  environment: NodeJS.ProcessEnv;
  write: (text: string) => void;
}

/** Exit code of the detaching process: 0 once everything is ready, else that of the failed start. */
export function startDetached(options: StartDetachedOptions): Promise<number> {
  const child = spawn(process.execPath, [options.program, "up", ...(options.args ?? [])], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...options.environment, [detachedVariable]: "1" },
  });
  child.stdout?.on("data", (chunk: Buffer) => options.write(chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => options.write(chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // It may have been stopped in order before it was ready: this is still a failed start.
    child.once("close", (code) => resolve(code || 1));
    child.once("message", (message) => {
      // A caller that started this process by `roost --json` gets it as well.
      process.send?.(message);
      child.disconnect();
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      resolve(0);
    });
  });
}
