/**
 * A rehearsal's process: reads its task from the first line of its input, says how far it has come, then the report. It stops when its
 * input ends, which is also when whoever started it is gone. It is to be started without the right to write files: see the gateway.
 */
import { createInterface } from "node:readline";
import { once } from "node:events";
import { createLogger, RoostError, systemClock, toRoostError, type Logger } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { openDatabase } from "@roost/database";
import type { RehearsalMessage, RehearsalTask } from "./rehearsal-task.ts";
import { rehearse } from "./rehearse.ts";

const poolMax = 3;
/** Progress is told this often at most. */
const progressMsMin = 200;

async function main(logger: Logger): Promise<void> {
  const { task, stopped } = await readTask();
  await using home = await openDatabase({
    url: task.databaseUrl,
    poolMax,
    applicationName: "roost rehearsal of the home",
    logger,
  });
  let toldMs = 0;
  const onProgress = (progress: { playedUntilMs: number; runCount: number }) => {
    const nowMs = systemClock.nowMs();
    if (nowMs - toldMs < progressMsMin) return;
    toldMs = nowMs;
    void say({ kind: "progress", ...progress });
  };
  const { databaseUrl: url, ...asked } = task;
  const report = await rehearse({ ...asked, home, url, signal: stopped, logger, ownsProcess: true, onProgress });
  await say({ kind: "report", report });
}

async function readTask(): Promise<{ task: RehearsalTask; stopped: AbortSignal }> {
  const stop = new AbortController();
  const end = (reason: string) => () => stop.abort(new RoostError("timeout", reason));
  process.on("SIGTERM", end("the rehearsal was cancelled"));
  process.on("SIGINT", end("the rehearsal was cancelled"));
  const lines = createInterface({ input: process.stdin });
  const [line] = (await once(lines, "line")) as [string];
  lines.on("close", end("whoever asked for the rehearsal is gone"));
  return { task: JSON.parse(line) as RehearsalTask, stopped: stop.signal };
}

function say(message: RehearsalMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${JSON.stringify(message)}\n`, (error) => (error == null ? resolve() : reject(error)));
  });
}

const logger = createLogger({
  level: "warn",
  clock: systemClock,
  write: (line) => void process.stderr.write(line),
}).child({ process: "rehearsal", pid: process.pid });
try {
  await main(logger);
} catch (error) {
  const { code, message } = toRoostError(error);
  await say({ kind: "failed", code, message }).catch(() => undefined);
  process.exitCode = exitCodeOf(code);
}
// Connections that others keep open must not keep a finished process alive.
process.exit();
