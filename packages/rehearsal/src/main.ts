/**
 * The process of a rehearsal or a replay: reads its task from the first line of input, writes progress and then the report. Stops when its input
 * ends, also because its parent has died. Must be started without write access to files: see the gateway.
 */
import { createLogger, readLines, RoostError, systemClock, toRoostError, type Logger } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { openDatabase } from "@roost/database";
import type { RehearsalMessage, RehearsalTask } from "./rehearsal-task.ts";
import { rehearse } from "./rehearse.ts";
import { replayRun } from "./replay/replay-run.ts";
import type { ReplayMessage, ReplayTask } from "./replay/replay-task.ts";

const poolMax = 3;
const taskCharsMax = 16 * 1024 ** 2;
const replayStatementMsMax = 20_000;
/** Minimum time between two progress messages. */
const progressMsMin = 200;

async function main(logger: Logger): Promise<void> {
  const { task, stopped } = await readTask();
  return task.kind === "replay" ? tellReplay(task, { stopped, logger }) : tellRehearsal(task, { stopped, logger });
}

interface Told {
  stopped: AbortSignal;
  logger: Logger;
}

async function tellRehearsal(task: RehearsalTask, { stopped, logger }: Told): Promise<void> {
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
  const { databaseUrl: url, kind: _kind, ...asked } = task;
  const report = await rehearse({ ...asked, home, url, signal: stopped, logger, ownsProcess: true, onProgress });
  await say({ kind: "report", report });
}

/** The database server refuses any write of this process. */
async function tellReplay(task: ReplayTask, { stopped: signal, logger }: Told): Promise<void> {
  const { databaseUrl: url, kind: _kind, ...asked } = task;
  const connection = { url, poolMax, applicationName: "roost replay", statementTimeoutMsMax: replayStatementMsMax };
  await using database = await openDatabase({ ...connection, logger, isReadOnly: true });
  await say({ kind: "report", report: await replayRun({ ...asked, database, signal, logger }) });
}

async function readTask(): Promise<{ task: RehearsalTask | ReplayTask; stopped: AbortSignal }> {
  const stop = new AbortController();
  const end = (reason: string) => () => stop.abort(new RoostError("timeout", reason));
  process.on("SIGTERM", end("it was cancelled"));
  process.on("SIGINT", end("it was cancelled"));
  const lines = readLines(process.stdin, { charsMax: taskCharsMax });
  const { value: line } = await lines.next();
  // Its input ends with its parent.
  const leave = end("its parent process is gone");
  void lines.next().then(leave, leave);
  return { task: JSON.parse(line ?? "") as RehearsalTask | ReplayTask, stopped: stop.signal };
}

function say(message: RehearsalMessage | ReplayMessage): Promise<void> {
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
