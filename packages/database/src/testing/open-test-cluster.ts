/**
 * A PostgreSQL server for tests, in a temporary directory, without syncing. A small shell process waits for this process's end and removes both,
 * even after a crash.
 */
import { spawn } from "node:child_process";
import { mkdtemp, statfs } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "@roost/base";
import { openEmbeddedPostgres } from "../embedded/open-embedded-postgres.ts";
import { tmpdir } from "node:os";

export interface TestCluster extends AsyncDisposable {
  readonly url: string;
}

/** For a script that starts many test processes and passes `url` to them as ROOST_TEST_DATABASE_URL. */
export async function openTestCluster(): Promise<TestCluster> {
  const directory = await mkdtemp(join(await findFastDirectory(), "roost-test-"));
  const guard = startGuard(directory);
  const postgres = await openEmbeddedPostgres({
    dir: join(directory, "postgres"),
    logger: silentLogger,
    durable: false,
  });
  return {
    url: postgres.url,
    async [Symbol.asyncDispose]() {
      await postgres.stop();
      await guard.finish();
    },
  };
}

// Its stdin ends when this process does, for any reason. SIGQUIT: nothing here is worth a checkpoint. The server removes its lock file last; its
// pid may remain for a while as a zombie.
const guardScript = `
cat >/dev/null
lock="$1/postgres/data/postmaster.pid"
pid=$(head -n 1 "$lock" 2>/dev/null)
case "$pid" in (*[!0-9]*|'') ;; (*)
  kill -QUIT "$pid" 2>/dev/null
  turns=0
  while [ -e "$lock" ] && kill -0 "$pid" 2>/dev/null && [ "$turns" -lt 200 ]; do turns=$((turns + 1)); sleep 0.02; done
esac
rm -rf "$1"
`;

function startGuard(directory: string): { finish(): Promise<void> } {
  const guard = spawn("/bin/sh", ["-c", guardScript, "roost-test-guard", directory], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    cwd: "/",
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return {
    async finish() {
      const ended = new Promise<void>((resolve) => guard.once("exit", () => resolve()));
      guard.ref();
      guard.stdin.end();
      await ended;
    },
  };
}

const memoryDirectory = "/dev/shm";
const memoryBytesMin = 2 * 1024 ** 3;

/** Directory of test clusters. Cloning a template writes some 300 files: 12 ms in memory, up to 300 ms on a disk. */
export async function findFastDirectory(): Promise<string> {
  const found = await statfs(memoryDirectory).catch(() => undefined);
  return found !== undefined && found.bavail * found.bsize >= memoryBytesMin ? memoryDirectory : tmpdir();
}
