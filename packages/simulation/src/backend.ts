/**
 * One connection of a simulated process and the server process behind it. A server process that waits for a lock is stopped by a
 * signal, so that a commit which lets several go on lets them go on one at a time. Owns no decision about who goes when.
 */
import type { QueryOptions, DatabaseSession, Sql } from "@roost/database";

export class Backend {
  readonly pid: number;
  readonly session: DatabaseSession;
  isStopped = false;
  /** The connection was cut. */
  isCut = false;

  constructor(session: DatabaseSession, pid: number) {
    this.session = session;
    this.pid = pid;
  }

  query(text: string, values?: unknown[], options?: QueryOptions): Promise<unknown[]> {
    return this.session.query(text, values, options);
  }

  stop(): void {
    process.kill(this.pid, "SIGSTOP");
    this.isStopped = true;
  }

  resume(): void {
    process.kill(this.pid, "SIGCONT");
    this.isStopped = false;
  }
}

export async function openBackend(open: () => Promise<DatabaseSession>): Promise<Backend> {
  const session = await open();
  const [row] = await session.query<{ pid: number }>("select pg_backend_pid() as pid");
  return new Backend(session, row!.pid);
}

/** Which of these server processes wait for a lock, and for whom. */
export async function readBlockers(control: Sql, pids: readonly number[]): Promise<Map<number, number[]>> {
  const rows = await control.query<{ pid: number; blockers: number[] }>(
    `select pid, blockers from (select pid, pg_blocking_pids(pid) as blockers from unnest($1::int[]) as pid) as each
     where cardinality(blockers) > 0`,
    [pids],
    { name: "simulation_blockers" },
  );
  return new Map(rows.map((row) => [row.pid, row.blockers]));
}

/** Ends the server processes as the death of their clients would, and returns when their locks are free. */
export async function cutBackends(control: Sql, backends: readonly Backend[]): Promise<void> {
  const open = backends.filter((backend) => !backend.isCut);
  if (open.length === 0) return;
  const pids = open.map((backend) => backend.pid);
  await control.query("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [pids]);
  for (const backend of open) {
    backend.isCut = true;
    if (backend.isStopped) backend.resume();
  }
  for (;;) {
    const left = await control.query("select 1 from pg_stat_activity where pid = any($1::int[]) limit 1", [pids]);
    if (left.length === 0) break;
  }
  await Promise.all(open.map((backend) => whenLost(backend.session)));
}

function whenLost(session: DatabaseSession): Promise<void> {
  if (session.lost.aborted) return Promise.resolve();
  return new Promise((resolve) => session.lost.addEventListener("abort", () => resolve(), { once: true }));
}
