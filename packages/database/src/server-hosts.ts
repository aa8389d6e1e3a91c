/** Which of the hosts of a database URL connections go to: one until it fails or takes no writes, then the next. */
import { backoffMs, delay, jitteredMs, RoostError } from "@roost/base";
import type { DatabaseUrl } from "./database-url.ts";
import { isConnectionLoss, sqlStateOf } from "./to-database-error.ts";

export interface ServerHosts {
  /** Connections that do not say so are refused by prepareConnection. */
  readonly mustWrite: boolean;
  /**
   * Calls `attempt` with the URL of the present host; after a failure that another host may not have, with that of the next. When all have failed
   * it goes round again for as long as a failover may take.
   */
  connect<T>(attempt: (url: string) => Promise<T>): Promise<T>;
  /** The one that a connection is on. */
  only(connected: { host: string; port: number }): ServerHosts;
}

/** How long all hosts may refuse before the last refusal is thrown. */
const failoverMsMax = 10_000;
const roundBackoff = { firstMs: 50, maxMs: 1_000 };
const replicaReason = "replica";

export function createServerHosts({ hosts, mustWrite }: DatabaseUrl): ServerHosts {
  let present = 0;
  return {
    mustWrite,
    async connect(attempt) {
      const startedMs = performance.now();
      for (let failures = 1; ; failures += 1) {
        const tried = present;
        try {
          return await attempt(hosts[tried]!.url);
        } catch (error) {
          if (hosts.length === 1 || !isOfHost(error)) throw error;
          // Another connection may have left it meanwhile.
          if (present === tried) present = (tried + 1) % hosts.length;
          const round = Math.floor(failures / hosts.length);
          if (failures % hosts.length !== 0) continue;
          if (performance.now() - startedMs >= failoverMsMax) throw error;
          await delay(jitteredMs(backoffMs(round, roundBackoff)));
        }
      }
    },
    only({ host, port }) {
      const name = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
      const known = hosts.find((each) => each.name === name || `${each.name}:5432` === name);
      return createServerHosts({ hosts: [known ?? hosts[present]!], mustWrite: false });
    },
  };
}

export function refuseReplica(): RoostError {
  return new RoostError(
    "unavailable",
    "the server takes no writes: it is a replica, and no other of the database URL's hosts answered as the primary",
    { details: { reason: replicaReason } },
  );
}

/** Not what every host would say, such as a wrong password. */
function isOfHost(error: unknown): boolean {
  if (error instanceof RoostError) return error.details?.["reason"] === replicaReason;
  return isConnectionLoss(error) && !["28", "3D"].includes((sqlStateOf(error) ?? "").slice(0, 2));
}
