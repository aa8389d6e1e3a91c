/**
 * A process under attack, started by the conductor: a worker (with a writer and a consumer of events beside its runs) or a scheduler.
 * Everything it needs comes in its one argument, as JSON. It ends with its conductor.
 */
import { createLogger, delay, silentLogger, systemClock, toRoostError } from "@roost/base";
import { openDatabase, type Database } from "@roost/database";
import { createJobLoops } from "@roost/jobs";
import { consumeGroup, createGroup, openKernel, runScheduler, type Kernel } from "@roost/kernel";
import { openTelemetry } from "@roost/telemetry";
import { runWorker } from "@roost/worker";
import { chaosEvents, chaosGroup, chaosTopic } from "./chaos-events.ts";
import { createChaosHandler } from "./chaos-handler.ts";

export interface ChaosProcessOptions {
  role: "worker" | "scheduler";
  /** Distinct for each start: its events' ids begin with it. */
  name: string;
  databaseUrl: string;
  effectUrl: string;
  leaseMs: number;
  /** Writes no events: everything is to come to rest. */
  isQuiet: boolean;
}

const options = JSON.parse(process.argv[2] ?? "{}") as ChaosProcessOptions;
const stop = new AbortController();
let { isQuiet } = options;
process.once("SIGTERM", () => stop.abort(new Error("told to stop")));
process.on("message", (message) => ({ isQuiet } = message as { isQuiet: boolean }));
process.once("disconnect", () => process.exit(1));

const logger = createLogger({
  level: "warn",
  clock: systemClock,
  write: (line) => void process.stderr.write(line),
}).child({ process: options.name });

/** Again and again until it works: at its start, PostgreSQL may be away. */
async function open(): Promise<{ database: Database; kernel: Kernel }> {
  for (;;) {
    let database: Database | undefined;
    try {
      database = await openDatabase({ url: options.databaseUrl, applicationName: options.name, logger: silentLogger });
      return { database, kernel: await openKernel({ database, logger, events: chaosEvents, migrate: false }) };
    } catch (error) {
      logger.warn("not open yet", { error: toRoostError(error).message });
      await database?.[Symbol.asyncDispose]();
      await delay(retryMs);
    }
  }
}

const retryMs = 100;
const writeMs = 60;
const batchMax = 4;

async function write(kernel: Kernel): Promise<void> {
  for (let n = 0; !stop.signal.aborted; n += 1) {
    await delay(writeMs);
    if (isQuiet) continue;
    const ids = Array.from({ length: 1 + (n % batchMax) }, (_, place) => `${options.name}:${n}:${place}`);
    const notes = ids.map((id) => ({ type: "note.written", id, subject: `s${n % 7}`, data: { n } }));
    try {
      if (n % 2 === 0) await kernel.append(notes);
      else await kernel.transact(async (tx) => void notes.map((note) => tx.emit(note)));
      await fetch(`${options.effectUrl}/acknowledged`, { method: "POST", body: JSON.stringify({ ids }) });
    } catch {
      // Not acknowledged: it may be there or not, but not twice.
    }
  }
}

async function consume(kernel: Kernel): Promise<void> {
  // Keeps: nothing by itself; a second effect of an event is a second row, and is found.
  const group = createGroup(chaosGroup, "stop", (tx, events) =>
    tx.query("insert into chaos.seen (id) select unnest($1::text[])", [events.map((event) => event.id)]),
  );
  using watch = kernel.wakeups.watch(`log:${chaosTopic}`);
  while (!stop.signal.aborted) {
    const { isMore } = await consumeGroup(kernel, group, { topics: [chaosTopic] }).catch(() => ({ isMore: false }));
    if (!isMore) await watch.next({ timeoutMs: 1_000, signal: stop.signal });
  }
}

const { database, kernel } = await open();
process.send?.("ready");
if (options.role === "scheduler") {
  await runScheduler(kernel, { loops: createJobLoops(kernel), signal: stop.signal, host: "chaos", pid: process.pid });
} else {
  const telemetry = await openTelemetry({ serviceName: "roost-chaos", logger: silentLogger });
  const handler = createChaosHandler({ kernel, telemetry, effectUrl: options.effectUrl });
  const { leaseMs } = options;
  await Promise.all([
    runWorker({
      kernel,
      handlers: { agent: handler, chaos: handler },
      logger,
      signal: stop.signal,
      leaseMs,
      graceMsMax: 0,
      pid: process.pid,
    }),
    write(kernel),
    consume(kernel),
  ]);
}
await kernel[Symbol.asyncDispose]();
await database[Symbol.asyncDispose]();
process.exit(0);
