/**
 * Hosts that take no new work and end what they have: those that a person drains, and those whose program has another minor version than the home.
 * The home's version is that of the program whose functions were applied last, the newest that has run on the database.
 */
import { formatLabels, mainLabels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import { tellOfStates, type LastingState } from "../tell-of-states.ts";

export interface DrainedHost {
  name: string;
  drainedAt: Date;
  drainedBy: string;
}

const minorSql = (version: string) => `substring(${version} from '^\\d+\\.\\d+')`;
const homeVersionSql = "(select f.program from roost.function_set f)";
const labels = formatLabels(mainLabels);
const versionPrefix = "version:";
const hostsToldMax = 100;

/** SQL: whether a person drains this host. */
export function isDrainedSql(host: string): string {
  return `exists (select from roost.drained_host d where d.name = ${host})`;
}

/** SQL: whether a worker of this version takes nothing new, whatever its host. */
export function isOtherMinorSql(version: string): string {
  return `coalesce(${minorSql(version)} <> ${minorSql(homeVersionSql)}, false)`;
}

/** SQL: held by a transaction that drains a host, or ends that, alone, and by those that register its workers together: one of them sees the other. */
const lockKeySql = "hashtextextended('roost.drain:' || $1, 0)";

/** To be called before a statement of the same transaction that reads isDrainedSql: a change of it that is under way has ended then, and none begins. */
export async function waitForDrain(tx: Sql, host: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock_shared(${lockKeySql})`, [host]);
}

async function changeAlone(tx: Sql, host: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(${lockKeySql})`, [host]);
}

/** Of the newest program that has used the database. */
export async function readHomeVersion({ database }: Kernel): Promise<string> {
  const [row] = await database.query<{ version: string | null }>(`select ${homeVersionSql} as version`);
  return row?.version ?? "";
}

export async function listDrainedHosts({ database }: Kernel): Promise<DrainedHost[]> {
  return database.query<DrainedHost>(
    `select name, drained_at as "drainedAt", drained_by as "drainedBy" from roost.drained_host order by name`,
  );
}

/** No claim that begins after this has resolved gives its workers anything. Drained already: nothing changes. */
export async function drainHost(kernel: Kernel, name: string, { by }: { by: string }): Promise<void> {
  await kernel.transact(async (tx) => {
    await changeAlone(tx, name);
    const rows = await tx.query(
      "insert into roost.drained_host (name, drained_by) values ($1, $2) on conflict do nothing returning 1",
      [name, by],
    );
    if (rows.length === 0) return;
    await tx.query("update roost.worker set is_drained = true, is_draining = true where host = $1", [name]);
    tx.emit({ type: "host.drained", subject: name, labels, data: { name, by } });
  });
}

/** Not drained: nothing changes. One of another minor version stays drained. */
export async function undrainHost(kernel: Kernel, name: string, { by }: { by: string }): Promise<void> {
  await kernel.transact(async (tx) => {
    await changeAlone(tx, name);
    const rows = await tx.query("delete from roost.drained_host where name = $1 returning 1", [name]);
    if (rows.length === 0) return;
    const queues = await tx.query<{ queue: string }>(
      `with changed as (update roost.worker set is_drained = false, is_draining = ${isOtherMinorSql("version")} where host = $1 returning queues)
       select distinct unnest(queues) as queue from changed`,
      [name],
    );
    tx.emit({ type: "host.undrained", subject: name, labels, data: { name, by } });
    for (const { queue } of queues) tx.wake(`runs:${queue}`);
  });
}

/** One notice when the workers of a host begin to be drained for their version, one when there are none any more. Of the first 100 hosts by name. */
export async function reportOtherVersions(kernel: Kernel): Promise<number> {
  return tellOfStates(kernel, {
    prefix: versionPrefix,
    toldMax: hostsToldMax,
    found: await kernel.database.query<LastingState>(
      `select '${versionPrefix}' || w.host as what, w.host || ' has version ' || min(w.version) || ', the home ' || ${homeVersionSql} as reason
       from roost.worker w where w.kind = 'worker' and w.expires_at > roost.now() and ${isOtherMinorSql("w.version")}
       group by w.host order by w.host`,
      [],
      { name: "roost_worker_versions" },
    ),
    source: "scheduler",
    begun: ({ reason }) => `Host ${reason}: its workers end the runs that they have and take no new ones. Upgrade it`,
    over: (reason) => `No worker is drained any more because ${reason}`,
  });
}
