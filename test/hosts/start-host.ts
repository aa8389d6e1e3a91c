/** `roost up` on a machine that joined. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { until } from "@roost/base/testing/until";

const supervisor = fileURLToPath(new URL("../../apps/supervisor/src/main.ts", import.meta.url));

export interface HostProcess extends AsyncDisposable {
  pid: number;
  /** Resolves with its exit. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** All so far. */
  printed(): string;
  /** As by Ctrl-C. */
  stop(): Promise<void>;
}

/** Resolves when its processes work. `environment`: with ROOST_HOME. @throws Error with what it printed when it ended instead */
export async function startHost(environment: Record<string, string>): Promise<HostProcess> {
  const up = spawn(process.execPath, [supervisor, "up"], {
    env: { PATH: process.env["PATH"], HOME: environment["ROOST_HOME"], COLUMNS: "500", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [up.stdout, up.stderr]) stream.on("data", (piece) => (printed += String(piece)));
  const ended = once(up, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  let isOver = false;
  void ended.then(() => (isOver = true));
  const end = async (signal: NodeJS.Signals) => {
    up.kill(signal);
    await ended;
  };
  try {
    await until("the host is up", () => /Host \S+ works for/.test(printed) || isOver);
  } catch (error) {
    await end("SIGKILL");
    throw error;
  }
  if (isOver) throw new Error(printed);
  return {
    pid: up.pid!,
    ended,
    printed: () => printed,
    stop: () => end("SIGTERM"),
    [Symbol.asyncDispose]: () => end("SIGKILL"),
  };
}
