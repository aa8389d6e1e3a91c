/** A real, durable PostgreSQL in a directory of its own that can be crashed and comes back, as its supervisor would bring it back. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@roost/base";
import { openEmbeddedPostgres, type EmbeddedPostgres } from "@roost/database";

export interface KeptPostgres extends AsyncDisposable {
  /** For everything of this chaos; removed in the end. */
  directory: string;
  socketDirectory: string;
  /** Of the server as it listens itself. */
  url: string;
  readonly pid: number;
  /** Ends the server by this signal (SIGQUIT: an immediate shutdown) and starts it again. */
  restart(signal: "SIGQUIT" | "SIGKILL"): Promise<void>;
  /** Starts it again if it has ended by itself. */
  revive(): Promise<void>;
}

/** Removes all of it when this process ends, however it ends: its standard input ends then. */
const guardScript = `
cat >/dev/null
lock="$1/postgres/data/postmaster.pid"
pid=$(head -n 1 "$lock" 2>/dev/null)
case "$pid" in (*[!0-9]*|'') ;; (*) kill -QUIT "$pid" 2>/dev/null; turns=0
  while [ -e "$lock" ] && [ "$turns" -lt 500 ]; do turns=$((turns + 1)); sleep 0.02; done ;;
esac
rm -rf "$1"`;

export async function keepPostgres(options: { directory?: string | undefined } = {}): Promise<KeptPostgres> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "roost-chaos-")));
  await mkdir(directory, { recursive: true });
  const guard = spawn("/bin/sh", ["-c", guardScript, "roost-chaos-guard", directory], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const open = () => openEmbeddedPostgres({ dir: join(directory, "postgres"), logger: silentLogger });
  let postgres: EmbeddedPostgres = await open();
  const socketDirectory = new URL(postgres.url).searchParams.get("host") ?? "";
  return {
    directory,
    socketDirectory,
    url: postgres.url,
    get pid() {
      return postgres.pid;
    },
    async restart(signal) {
      const ended = new Promise((resolve) => postgres.lost.addEventListener("abort", resolve, { once: true }));
      process.kill(postgres.pid, signal);
      await ended;
      postgres = await open();
    },
    async revive() {
      if (postgres.lost.aborted) postgres = await open();
    },
    async [Symbol.asyncDispose]() {
      await postgres.stop();
      guard.stdin.end();
      await new Promise((resolve) => guard.once("exit", resolve));
    },
  };
}
