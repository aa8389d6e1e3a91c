/** A home as a person starts it: `npm start` on a directory, with its supervisor and its own PostgreSQL. */
import { spawn, type ChildProcess } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { readInheritedEnvironment } from "../config.ts";

export interface WholeHome extends AsyncDisposable {
  /** Of the process that was started. */
  readonly pid: number;
  /** Milliseconds until the gateway said that it is ready. */
  readonly startMs: number;
  readonly ended: Promise<void>;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** `home` is the home's directory; it is made when it is missing. Disposing stops it in an orderly way. */
export async function startWholeHome(home: string, environment: Record<string, string> = {}): Promise<WholeHome> {
  const beginMs = performance.now();
  const child = spawn(process.execPath, [`${root}scripts/start.mjs`], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    // Neither the person's own home nor their model.
    env: {
      ...readInheritedEnvironment(),
      HOME: dirname(home),
      ROOST_HOME: home,
      ROOST_PORT: "0",
      NO_COLOR: "1",
      ...environment,
    },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
  };
  try {
    await untilReady(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid!, startMs: performance.now() - beginMs, ended, [Symbol.asyncDispose]: stop };
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const hear = (text: string) => {
      output += text;
      if (/http:\/\/(?:127\.0\.0\.1|localhost):\d+/.test(output)) resolve();
    };
    child.stdout?.setEncoding("utf8").on("data", hear);
    child.stderr?.setEncoding("utf8").on("data", hear);
    child.once("exit", (code) => reject(new Error(`npm start ended (${code}) before it was ready:\n${output}`)));
  });
}
