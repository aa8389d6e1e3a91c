/** A running server, for its owner: its address, whether it is still there, and how to stop it. */
import { join } from "node:path";
import { RoostError, type Logger } from "@roost/base";
import { judgePostmaster } from "./postmaster-file.ts";
import { databaseName, roleName } from "./prepare-role.ts";
import { rotateServerLog } from "./server-log.ts";
import { serverUrl } from "./server-url.ts";
import { hasExited, stopServer, type RunningServer } from "./start-server.ts";

const watchMs = 1_000;
const rotateEveryTicks = 60;

export interface EmbeddedPostgres extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** The server was already running: an earlier owner died without stopping it. */
  readonly adopted: boolean;
  /** Aborted when the server ends unexpectedly. */
  readonly lost: AbortSignal;
  /** Stops the server, adopted or not. */
  stop(): Promise<void>;
}

export function watchServer(
  server: RunningServer,
  place: { directory: string; dataDirectory: string; logger: Logger },
): EmbeddedPostgres {
  const lost = new AbortController();
  let stopping: Promise<void> | undefined;
  let ticks = 0;
  const onEnd = () => {
    clearInterval(timer);
    if (stopping !== undefined || lost.signal.aborted) return;
    place.logger.error("PostgreSQL ended unexpectedly", { pid: server.pid });
    lost.abort(
      new RoostError(
        "unavailable",
        `PostgreSQL (process ${server.pid}) ended unexpectedly: see ${join(place.directory, "postgres.log")}`,
      ),
    );
  };
  const look = async () => {
    ticks += 1;
    if (ticks % rotateEveryTicks === 0) await rotateServerLog(place.directory);
    if (server.child === undefined && (await judgePostmaster(server.pid, place.dataDirectory)) === "dead") onEnd();
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => place.logger.warn("cannot watch PostgreSQL", { error }));
  }, watchMs);
  timer.unref();
  server.child?.once("exit", onEnd);
  if (server.child !== undefined && hasExited(server.child)) onEnd();
  const stop = () => {
    clearInterval(timer);
    stopping ??= stopServer(server, place.dataDirectory);
    return stopping;
  };
  return {
    url: serverUrl(server.socketDirectory, { user: roleName, database: databaseName }),
    pid: server.pid,
    adopted: server.child === undefined,
    lost: lost.signal,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
