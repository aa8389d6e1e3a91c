/** The faults, one drawn per cycle. Each returns one line that says what it did. */
import { fillDisk } from "./fill-disk.ts";
import type { KeptPostgres } from "./keep-postgres.ts";
import type { Attacked } from "./arena.ts";
import { tears, type TearingProxy } from "./tearing-proxy.ts";

export interface Battlefield extends Attacked {
  postgres: KeptPostgres;
  proxy: TearingProxy;
  /** PostgreSQL lies on a disk of its own that may be filled. */
  isDiskSmall: boolean;
}

/** A pause outlives the lease by this factor at most; now and then it lasts as long as a laptop's lid. */
const pauseFactorMax = 3;
const longPauseMs = 20_000;
const longPauseShare = 0.05;

type Fault = (field: Battlefield) => Promise<string> | string;

const kill: Fault = ({ processes }) => `SIGKILL ${processes.kill() ?? "no process"}`;

const killSeveral: Fault = ({ processes, random }) =>
  `SIGKILL ${Array.from({ length: random.whole(2, 4) }, () => processes.kill() ?? "no process").join(", ")}`;

const pause: Fault = ({ processes, random, leaseMs }) => {
  const ms = random.chance(longPauseShare) ? longPauseMs : random.whole(leaseMs + 200, leaseMs * pauseFactorMax);
  return `SIGSTOP ${processes.pause(ms) ?? "no process"} for ${ms} ms`;
};

const tear: Fault = ({ proxy, random }) => {
  const where = random.pick(tears);
  return `tear ${proxy.tear(where, random.pick([0.2, 0.5, 1]))} connections ${where}`;
};

const terminate: Fault = async ({ database, random }) => {
  // Keeps: nothing; it is the fault. Connections of processes only, not those of the one that asks.
  const rows = await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name ~ '^(worker|scheduler)-' and random() < $1`,
    [random.pick([0.2, 0.5, 1])],
  );
  return `terminate ${rows.length} backends`;
};

const crashBackend: Fault = async ({ database }) => {
  const [row] = await database.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name ~ '^(worker|scheduler)-' order by random() limit 1`,
  );
  if (row === undefined) return "SIGKILL no backend";
  process.kill(row.pid, "SIGKILL");
  return "SIGKILL a backend: PostgreSQL restarts itself";
};

const restartImmediately: Fault = async ({ postgres }) => {
  await postgres.restart("SIGQUIT");
  return "PostgreSQL shut down immediately and started";
};

const restartKilled: Fault = async ({ postgres }) => {
  await postgres.restart("SIGKILL");
  return "PostgreSQL killed and started";
};

const fill: Fault = async ({ database, postgres, random }) => {
  const what = await fillDisk(database, postgres.directory, random.whole(500, 3_000));
  await postgres.revive();
  return what;
};

const nothing: Fault = () => "nothing";

const faults: [weight: number, Fault][] = [
  [6, kill],
  [2, killSeveral],
  [6, pause],
  [6, tear],
  [3, terminate],
  [1, crashBackend],
  [2, restartImmediately],
  [1, restartKilled],
  [1, nothing],
];
const smallDiskFaults: typeof faults = [
  [6, fill],
  [2, kill],
  [1, pause],
  [1, tear],
  [1, restartImmediately],
];

/** `cycle` from 1 on: what no attack goes without comes in the first ones, however few there are. */
export async function injectFault(field: Battlefield, cycle: number): Promise<string> {
  const first = (field.isDiskSmall ? [fill] : [kill, pause, tear, restartKilled])[cycle - 1];
  if (first !== undefined) return first(field);
  const weighted = field.isDiskSmall ? smallDiskFaults : faults;
  const bag = weighted.flatMap(([weight, fault]) => Array.from({ length: weight }, () => fault));
  return field.random.pick(bag)(field);
}
