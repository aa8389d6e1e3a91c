/** Hosts of the home: those that a code has brought in, and those on which its processes run. */
import { listJoinedHosts, reportHost, type JoinedHost } from "@roost/access";
import { pageByName, serve, toPage, type Principal, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { labelSetNumbers, listWorkers, raiseNotice, type Kernel } from "@roost/kernel";

export function serveHosts({ kernel, version }: { kernel: Kernel; version: string }): Served[] {
  return [
    serve(operations.listHosts, async (page) => {
      const [joined, running] = await Promise.all([listJoinedHosts(kernel), listRunning(kernel)]);
      const hosts = [...running, ...joined.map((host) => toRecord(host, version))];
      const { rows, next } = pageByName(hosts, page, ({ name, isJoined }) => `${isJoined ? "1" : "0"} ${name}`);
      return toPage(rows, next);
    }),

    serve(operations.reportHost, async ({ at, ...says }, { principal }) => {
      const isDrained = isOtherMinor(says.version, version);
      await reportHost(kernel, { ...says, at: new Date(at), name: nameOf(principal), isDrained });
      return { at: new Date(kernel.clock.nowMs()).toISOString(), version, isDrained };
    }),

    serve(operations.reportDivergence, async ({ path, keptAs, diff }, { principal }) => {
      const host = nameOf(principal);
      const text = `${path} was changed on ${host} and elsewhere, in the same lines. The home keeps its version, the one of ${host} stands in ${keptAs}: put together what is to stay.\n${diff}`;
      // The lines are of a file, which may hold what came from outside.
      const notice = { level: "warning", text, source: "host", labelSet: labelSetNumbers.missing } as const;
      await kernel.transact(async (tx) => raiseNotice(tx, notice));
      return {};
    }),
  ];
}

/** host:laptop */
function nameOf({ id, kind }: Principal): string {
  return id.slice(kind.length + 1);
}

function toRecord({ id: _id, joinedAt, seenAt, ...host }: JoinedHost, version: string): operations.HostRecord {
  return {
    ...host,
    isJoined: true,
    isOtherVersion: isOtherMinor(host.version, version),
    joinedAt: joinedAt.toISOString(),
    lastSeenAt: seenAt.toISOString(),
  };
}

/** The machines of the home's own processes. */
async function listRunning(kernel: Kernel): Promise<operations.HostRecord[]> {
  const byHost = Map.groupBy(await listWorkers(kernel), ({ host }) => host);
  return [...byHost].map(([name, processes]) => {
    const count = (kind: "worker" | "scheduler") => processes.filter((one) => one.kind === kind).length;
    const counted = [
      [count("worker"), "worker"],
      [count("scheduler"), "scheduler"],
    ] as const;
    const offers = new Set(
      processes.flatMap(({ capabilities }) => capabilities.filter((one) => !one.startsWith("host:"))),
    );
    return {
      name,
      isJoined: false,
      version: null,
      isOtherVersion: false,
      skewMs: null,
      doing: [
        ...counted.flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}${number === 1 ? "" : "s"}`])),
        ...[...offers].toSorted().map((offer) => `offers ${offer}`),
      ],
      scopes: [],
      joinedAt: null,
      lastSeenAt: new Date(Math.max(...processes.map(({ seenAt }) => seenAt.getTime()))).toISOString(),
    };
  });
}

/** Programs of one minor version keep each other's rules. */
function isOtherMinor(one: string, other: string): boolean {
  const minorOf = (version: string) => version.split(".").slice(0, 2).join(".");
  return minorOf(one) !== minorOf(other);
}
