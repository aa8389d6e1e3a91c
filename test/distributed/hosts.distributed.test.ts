/**
 * Workers and schedulers on three hosts, a PostgreSQL with a replica on a fourth: a host is cut off for longer than its leases, links are slow and
 * lossy, the primary is killed in the middle. The promises are checked as those of chaos on one machine (test/chaos).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import type { Database } from "@roost/database";
import type { Arena } from "../chaos/arena.ts";
import { runChaos } from "../chaos/run-chaos.ts";
import { openHosts } from "../infra/open-hosts.ts";
import { openSlowLink, type SlowLink } from "../infra/open-slow-link.ts";
import { requirePart } from "../infra/parts.ts";
import { startPostgres } from "../infra/start-postgres.ts";

const { skip } = await requirePart("hosts");
const leaseMs = 3_000;
const delayMs = 40;
const seed = Date.now() % 2 ** 31;

test(
  "A host cut off past its leases, slow and lossy links, and a failover under load: every promise holds",
  { skip },
  async (t) => {
    await using network = await openHosts(3);
    const { address, hosts } = network;
    await using postgres = await startPostgres({ replica: true, synchronous: true, address });
    const databaseUrl = postgres.url({
      sslmode: "verify-full",
      sslrootcert: postgres.certificates.authorityFile,
      target_session_attrs: "read-write",
    });
    await using opened = new AsyncDisposableStack();
    const links: SlowLink[] = [];
    let processUrl = databaseUrl;
    for (const { port } of [postgres.primary, postgres.replica!]) {
      const link = opened.use(await openSlowLink({ to: { host: address, port }, address }));
      processUrl = processUrl.replace(`${address}:${port}`, `${address}:${link.port}`);
      links.push(link);
    }
    const faults: Arena["inject"][] = [
      async ({ database }) => {
        const host = hosts[0]!;
        assert.equal(await countHosts(database), hosts.length, "work comes from every host");
        await host.cut();
        const ms = await untilOthersHaveDone(database, 3 * leaseMs);
        await host.mend();
        return `${host.name} cut off for ${ms} ms`;
      },
      async ({ database }) => {
        for (const host of hosts) await host.worsen({ lossShare: 0.05, kilobitsPerSecond: 512 });
        for (const link of links) link.delayMs = delayMs;
        const ms = await untilOthersHaveDone(database, 3 * leaseMs);
        for (const link of links) link.delayMs = 0;
        for (const host of hosts) await host.mend();
        return `every link narrow and lossy, and ${delayMs} ms long in each direction, for ${ms} ms`;
      },
      async ({ database }) => {
        const host = hosts[1]!;
        await host.cut();
        await postgres.primary.kill();
        await postgres.promote();
        const ms = await untilOthersHaveDone(database, 2 * leaseMs);
        await host.mend();
        return `the primary killed and its replica promoted, ${host.name} cut off for ${ms} ms meanwhile`;
      },
    ];
    const arena: Arena = {
      databaseUrl,
      processUrl,
      address,
      commandOf: (place) => hosts[place % hosts.length]!.command,
      inject: (attacked, cycle) => faults[cycle - 1]!(attacked, cycle),
      revive: async () => void (await Promise.all(hosts.map((host) => host.mend()))),
    };
    const report = await runChaos({
      seed,
      cycles: faults.length,
      msMax: Infinity,
      cyclesPerCheck: faults.length,
      leaseMs,
      workerCount: 3,
      schedulerCount: 3,
      arena,
    });
    t.diagnostic(`${report.faults.join("; ")}; ${JSON.stringify(report.count)}`);
    assert.deepEqual(report.violations, [], `seed ${seed}; what the processes printed: ${report.logDirectory}`);
  },
);

async function countHosts(database: Database): Promise<number> {
  const rows = await database.query(
    "select distinct client_addr from pg_stat_activity where application_name ~ '^worker-'",
  );
  return rows.length;
}

/** At least so long, and until runs have ended that were claimed since: work goes on without who is gone. */
async function untilOthersHaveDone(database: Database, msMin: number): Promise<number> {
  const startedMs = performance.now();
  const endedCount = async () => {
    const [row] = await database.query<{ count: number }>(
      "select count(*)::int as count from roost.run_all where ended_at is not null",
    );
    return row!.count;
  };
  const before = await endedCount();
  return await until("another run has ended", async () => {
    const elapsedMs = Math.round(performance.now() - startedMs);
    return elapsedMs >= msMin && (await endedCount()) > before && elapsedMs;
  });
}
