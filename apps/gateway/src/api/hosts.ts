/** Hosts of the home: those that a code has brought in, and those on which its processes run. */
import { listJoinedHosts, listLoginStatements, renewLogins, reportHost, type JoinedHost } from "@roost/access";
import { RoostError } from "@roost/base";
import { pageByName, serve, toPage, type Handler, type Principal, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { listRelayHosts } from "@roost/kafka/status";
import type { Memory } from "@roost/memory";
import { listServiceHosts } from "@roost/service";
import {
  drainHost,
  labelSetNumbers,
  listDrainedHosts,
  listWorkers,
  raiseNotice,
  readHomeVersion,
  undrainHost,
  type DrainedHost,
  type Kernel,
  type WorkerRow,
} from "@roost/kernel";
import { makeLogins, needsOfHost, urlsOfLogins, type HostPlace } from "../security/host-place.ts";

export interface ServeHostsOptions {
  memory: Pick<Memory, "kernel" | "settings">;
  hostPlace: HostPlace;
  /** Of the gateway. */
  version: string;
}

/** Notices by one host in an hour: what comes beyond them is in its files, and one notice says so. */
const noticesMax = 60;
const hourMs = 3_600_000;

export function serveHosts({ memory, hostPlace, version }: ServeHostsOptions): Served[] {
  const { kernel, settings } = memory;
  // Whose user makes no logins, whatever an administrator does.
  const isElsewhere = hostPlace.homeAddress !== undefined;
  // In memory: a limit against floods, not an account. Hosts are few.
  const told = new Map<string, { sinceMs: number; count: number }>();
  const countNotice = (host: string) => {
    const nowMs = kernel.clock.nowMs();
    const known = told.get(host);
    const hour = known !== undefined && nowMs - known.sinceMs < hourMs ? known : { sinceMs: nowMs, count: 0 };
    hour.count += 1;
    told.set(host, hour);
    return hour.count;
  };
  const changeDraining =
    (change: typeof drainHost): Handler<typeof operations.drainHost> =>
    async ({ name }, { principal }) => {
      if (!(await readHosts(kernel, version)).some((host) => host.name === name))
        throw new RoostError("not_found", `there is no host ${name}: see roost hosts`);
      await change(kernel, name, { by: principal.id });
      const host = (await readHosts(kernel, version)).find((one) => one.name === name);
      if (host === undefined) throw new RoostError("not_found", `host ${name} has left meanwhile: see roost hosts`);
      return { host };
    };
  return [
    serve(operations.listHosts, async (page) => {
      const { rows, next } = pageByName(await readHosts(kernel, version), page, ({ name }) => name);
      return { ...toPage(rows, next), statements: isElsewhere ? [] : await listLoginStatements(kernel.database) };
    }),

    serve(operations.reportHost, async ({ at, ...says }, { principal }) => {
      const isDrained = operations.isOtherMinor(says.version, version);
      await reportHost(kernel, { ...says, at: new Date(at), name: nameOf(principal), isDrained });
      return { at: new Date(kernel.clock.nowMs()).toISOString(), version, isDrained };
    }),

    serve(operations.drainHost, changeDraining(drainHost)),

    serve(operations.undrainHost, changeDraining(undrainHost)),

    serve(operations.renewHostLogins, async (_input, { principal }) => {
      const roles = operations.rolesOf(principal.scopes);
      if (roles === undefined)
        throw new RoostError(
          "conflict",
          `${principal.id} runs no processes of the home: see roost hosts invite --help`,
        );
      const needs = await needsOfHost(hostPlace, { roles, settings, sql: kernel.database });
      const logins = await renewLogins(kernel, {
        name: nameOf(principal),
        makeLogins: (tx, host) => makeLogins(tx, { ...host, homeId: hostPlace.homeId }),
      });
      return { needs, logins: urlsOfLogins(hostPlace, logins) };
    }),

    serve(operations.reportDivergence, async ({ path, keptAs, diff }, { principal }) => {
      const host = nameOf(principal);
      const count = countNotice(host);
      if (count > noticesMax + 1) return {};
      const text = count > noticesMax ? describeMore(host) : describeDivergence(host, { path, keptAs, diff });
      // The lines are of a file, which may hold what came from outside.
      const notice = { level: "warning", text, source: "host", labelSet: labelSetNumbers.missing } as const;
      await kernel.transact(async (tx) => raiseNotice(tx, notice));
      return {};
    }),
  ];
}

interface Divergence {
  path: string;
  keptAs: string | null;
  diff: string;
}

function describeDivergence(host: string, { path, keptAs, diff }: Divergence): string {
  return keptAs === null
    ? `${path} was deleted in one place and edited in another, on ${host} or at the home: the edit stays. Delete it again if that is meant`
    : `${path} was changed on ${host} and elsewhere, in the same lines. The home keeps its version, the one of ${host} stands in ${keptAs}: put together what is to stay.\n${diff}`;
}

function describeMore(host: string): string {
  return `${host} reports more than ${noticesMax} files within an hour that were changed in two places: no notice follows for the others. Each version that the home did not take stands beside its file as NAME.${host}-1a2b3c4d`;
}

/** host:laptop */
function nameOf({ id, kind }: Principal): string {
  return id.slice(kind.length + 1);
}

/** By name: one that joined and runs workers is one host, and so is one that is drained and runs nothing. */
async function readHosts(kernel: Kernel, version: string): Promise<operations.HostRecord[]> {
  const [joined, workers, drained, homeVersion, hosting, relays] = await Promise.all([
    listJoinedHosts(kernel),
    listWorkers(kernel),
    listDrainedHosts(kernel),
    readHomeVersion(kernel),
    listServiceHosts(kernel.database),
    listRelayHosts(kernel.database),
  ]);
  const running = Map.groupBy(workers, ({ host }) => host);
  const names = new Set([
    ...[...joined, ...drained].map(({ name }) => name),
    ...running.keys(),
    ...[...hosting, ...relays].map(({ host }) => host),
  ]);
  return [...names].toSorted().map((name) =>
    toRecord(name, {
      version,
      homeVersion,
      joined: joined.find((one) => one.name === name),
      processes: running.get(name) ?? [],
      services: hosting.find(({ host }) => host === name)?.services ?? [],
      relayedCount: relays.find(({ host }) => host === name)?.partitionCount ?? 0,
      drained: drained.find((one) => one.name === name),
    }),
  );
}

interface KnownOfHost {
  /** Of this gateway, with which a joined host speaks. */
  version: string;
  /** Of the newest program on the database, by which workers are drained. */
  homeVersion: string;
  joined: JoinedHost | undefined;
  processes: WorkerRow[];
  services: string[];
  /** Partitions that its relay ships. */
  relayedCount: number;
  drained: DrainedHost | undefined;
}

function toRecord(
  name: string,
  { version, homeVersion, joined, processes, services, relayedCount, drained }: KnownOfHost,
): operations.HostRecord {
  const versions = [
    ...(joined === undefined ? [] : [{ its: joined.version, of: version }]),
    ...processes.map((one) => ({ its: one.version, of: homeVersion })),
  ];
  const other = versions.find(({ its, of }) => operations.isOtherMinor(its, of));
  const seen = [...processes.map(({ seenAt }) => seenAt), ...(joined === undefined ? [] : [joined.seenAt])];
  const latest = processes.toSorted((a, b) => Number(b.seenAt) - Number(a.seenAt))[0] ?? joined;
  const collect = (of: (one: WorkerRow) => string[]) => [...new Set(processes.flatMap(of))].toSorted();
  return {
    name,
    isJoined: joined !== undefined,
    version: (other ?? versions[0])?.its ?? null,
    isOtherVersion: other !== undefined,
    skewMs: latest?.skewMs ?? null,
    drained: whyDrained(other, drained),
    doing: [
      ...new Set([
        ...countKinds(processes),
        ...(relayedCount === 0 ? [] : ["relay"]),
        ...(joined?.isGateway === true ? ["gateway"] : []),
        ...services.map((service) => `service ${service}`),
        ...(joined?.doing ?? []),
      ]),
    ],
    workerCount: countOf(processes, "worker"),
    queues: collect(({ queues }) => queues),
    capabilities: collect(({ capabilities }) => capabilities.filter((one) => !one.startsWith("host:"))),
    runCount: processes.reduce((sum, { runCount }) => sum + runCount, 0),
    scopes: joined?.scopes ?? [],
    joinedAt: joined?.joinedAt.toISOString() ?? null,
    lastSeenAt: seen.length === 0 ? null : new Date(Math.max(...seen.map(Number))).toISOString(),
  };
}

function whyDrained(other: { its: string; of: string } | undefined, drained: DrainedHost | undefined): string | null {
  if (other !== undefined) return `it has version ${other.its} and the home ${other.of}: upgrade it`;
  return drained === undefined ? null : `by ${drained.drainedBy}: roost hosts undrain ${drained.name}`;
}

/** "2 workers", "1 scheduler" */
function countKinds(processes: WorkerRow[]): string[] {
  return (["worker", "scheduler"] as const).flatMap((kind) => {
    const count = countOf(processes, kind);
    return count === 0 ? [] : [`${count} ${kind}${count === 1 ? "" : "s"}`];
  });
}

function countOf(processes: WorkerRow[], kind: WorkerRow["kind"]): number {
  return processes.filter((one) => one.kind === kind).length;
}
