/**
 * What becomes of each kind of transaction when the primary is killed and its replica promoted: acknowledged before, waiting for the replica at its
 * commit, in the middle of its work, or acknowledged while an asynchronous replica was away.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createId, silentLogger, toRoostError } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { changeDatabaseUrl, openDatabase, type Database } from "@roost/database";
import { migrateKafka } from "@roost/kafka";
import { openKernel, reapWorkers, registerWorker } from "@roost/kernel";
import { findViolations } from "@roost/kernel/testing/check-runs";
import { groupTestEvents } from "@roost/kernel/testing/test-events";
import { openMemory } from "@roost/memory";
import { installService, openServices, type InstalledService } from "@roost/service";
import { migrateService } from "@roost/service/host";
import { garden } from "@roost/service/testing/garden";
import { gardenContract } from "@roost/service/testing/garden/contract";
import { homeRooms } from "@roost/worker/home-rooms";
import { declareRelay } from "../../packages/kafka/src/relay/lock-place.ts";
import { openServiceDatabase } from "../../packages/service/src/host/service-database.ts";
import { startPostgres } from "../infra/start-postgres.ts";
import { findGaps } from "./find-gaps.ts";
import { keepWriting } from "./keep-writing.ts";
import { createMemoryKafka, type MemoryKafka } from "./memory-kafka.ts";
import { createTransactionKinds, type Place, type TransactionKind } from "./transaction-kinds.ts";

/** What every kind writes to late, so that it waits there in the middle. */
const lateTables = ["roost.partition_head", "roost.step", "public.seen", "kafka.shipped", "memory.file_intent"];
const loadMin = 100;
/** What waits in the database is not given up on a busy machine. */
const statementTimeoutMsMax = 600_000;
const processNames = ["one", "two", "three", "four", "five"];
/** One of them waits for another in the same process. */
const batchedKinds = ["step begun", "step finished", "run ended", "append", "claim"];

test("After a failover to a synchronous replica each kind of transaction is there if it was acknowledged, and what waited at its commit is found by who repeats it", async (t) => {
  await using world = await openFailoverWorld({ synchronous: true });
  const { postgres, standby } = world;
  const acknowledged = await world.doAll("acknowledged");
  await using load = await world.keepWriting();
  await until("there is load", () => load.acknowledged.size > loadMin);
  const [receiver] = await standby.query<{ pid: number }>("select pid from pg_stat_wal_receiver");
  await using thawing = new AsyncDisposableStack();
  // Also when the test fails: what waits for it would wait for ever.
  thawing.defer(() => void process.kill(receiver!.pid, "SIGCONT"));
  const underWay = await world.beginAll("waiting", async (begin) => {
    // What is sent to it from here on waits in its connection.
    process.kill(receiver!.pid, "SIGSTOP");
    begin();
    // At its commit, or behind one that is there.
    return "(wait_event = 'SyncRep' or wait_event_type = 'Lock')";
  });
  const [sent] = await world.admin.query<{ lsn: string }>("select pg_current_wal_flush_lsn()::text as lsn");
  await postgres.primary.kill();
  await thawing.disposeAsync();
  // Until it has read its connection to the end: the rest was never sent.
  await until("the replica has what it was sent", async () => {
    const rows = await standby.query(
      "select where pg_last_wal_receive_lsn() >= $1::pg_lsn or not exists (select from pg_stat_wal_receiver where pid = $2)",
      [sent!.lsn, receiver!.pid],
    );
    return rows.length > 0;
  });
  await postgres.promote();
  await underWay.refused();
  await load.stop();

  await using after = await world.openPlace("after");
  await assertCounts(after.kernel.database, acknowledged, 1);
  const gone = await findGone(after.kernel.database, underWay.kinds);
  t.diagnostic(`of ${underWay.kinds.length} that nobody was told of, not there: ${gone.join(", ") || "none"}`);
  await world.repeatAll(after, underWay.kinds);
  await world.assertSound(after, load.acknowledged);
});

test("After a failover each kind of transaction that was in the middle of its work has changed nothing, and is done once when it is repeated", async () => {
  await using world = await openFailoverWorld({ synchronous: true });
  const { postgres } = world;
  const acknowledged = await world.doAll("acknowledged");
  await using load = await world.keepWriting();
  await until("there is load", () => load.acknowledged.size > loadMin);
  await using holding = await openDatabase({ url: world.adminUrl, applicationName: "holds", logger: silentLogger });
  const held = Promise.withResolvers<void>();
  const underWay = await world.beginAll("waiting", async (begin) => {
    const locked = Promise.withResolvers<void>();
    holding
      .transact(async (tx) => {
        await tx.query(`lock table ${lateTables.join(", ")} in exclusive mode`);
        locked.resolve();
        await held.promise;
      })
      // Later its server goes.
      .catch(locked.reject);
    await locked.promise;
    begin();
    return "wait_event_type = 'Lock'";
  });
  await postgres.primary.kill();
  held.resolve();
  await postgres.promote();
  await underWay.refused();
  await load.stop();

  await using after = await world.openPlace("after");
  await assertCounts(after.kernel.database, acknowledged, 1);
  await assertCounts(after.kernel.database, underWay.kinds, 0);
  await world.repeatAll(after, underWay.kinds);
  await world.assertSound(after, load.acknowledged);
});

test("What an asynchronous replica never had is gone whole, kind by kind, is counted, and is done once when it is repeated", async (t) => {
  await using world = await openFailoverWorld({ synchronous: false });
  const { postgres, standby } = world;
  const kept = await world.doAll("kept");
  const lost = await world.prepareAll("lost");
  const [written] = await world.admin.query<{ lsn: string }>("select pg_current_wal_flush_lsn()::text as lsn");
  await until("the replica has what was before", async () => {
    const rows = await standby.query("select where pg_last_wal_replay_lsn() >= $1::pg_lsn", [written!.lsn]);
    return rows.length > 0;
  });
  await postgres.replica!.kill();
  for (const { kind, place } of lost) await kind.begin(place);
  await postgres.primary.kill();
  await postgres.replica!.start();
  await postgres.promote();

  await using after = await world.openPlace("after");
  await assertCounts(after.kernel.database, kept, 1);
  const kinds = lost.map(({ kind }) => kind);
  const gone = await findGone(after.kernel.database, kinds);
  t.diagnostic(`an asynchronous replica never had ${gone.length} of ${kinds.length} acknowledged: ${gone.join(", ")}`);
  await world.repeatAll(after, kinds);
  await world.assertSound(after, new Set());
});

interface Begun {
  kinds: TransactionKind[];
  /** Resolves when all were told that it is unknown, or that there is no connection. */
  refused(): Promise<void>;
}

/** A home's tables on a primary with a replica, and what processes have that use it. */
async function openFailoverWorld({ synchronous }: { synchronous: boolean }) {
  await using opened = new AsyncDisposableStack();
  const postgres = opened.use(await startPostgres({ replica: true, synchronous }));
  const homeDir = await mkdtemp(join(tmpdir(), "roost-failover-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  const url = postgres.verifiedUrl;
  const adminUrl = changeDatabaseUrl(postgres.localUrl, { database: "roost" });
  const standbyUrl = adminUrl.replace(`port=${postgres.primary.port}`, `port=${postgres.replica!.port}`);
  const open = async (given: string) =>
    opened.use(await openDatabase({ url: given, applicationName: "admin", logger: silentLogger, poolMax: 1 }));
  const [admin, standby] = [await open(adminUrl), await open(standbyUrl)];
  const installed = await migrateAll(url, homeDir);
  const kafka = createMemoryKafka();
  const places = opened.use(new AsyncDisposableStack());
  const openPlace = (name: string) => openPlaceOf({ url, homeDir, installed, kafka, name });
  const processes: Place[] = [];
  for (const name of processNames) processes.push(places.use(await openPlace(name)));
  const prepareAll = async (set: string) => {
    const prepared: { kind: TransactionKind; place: Place }[] = [];
    for (const kind of createTransactionKinds(set)) {
      const place = processes[Math.max(0, batchedKinds.indexOf(kind.name))]!;
      await kind.prepare(place);
      prepared.push({ kind, place });
    }
    return prepared;
  };
  const owned = opened.move();
  return {
    postgres,
    admin,
    adminUrl,
    standby,
    openPlace,
    prepareAll,
    async keepWriting() {
      const { kernel } = places.use(await openPlace("load"));
      return keepWriting(kernel, { writerCount: 4 });
    },
    /** All of them are acknowledged. */
    async doAll(set: string): Promise<TransactionKind[]> {
      const prepared = await prepareAll(set);
      for (const { kind, place } of prepared) await kind.begin(place);
      return prepared.map(({ kind }) => kind);
    },
    /** Begins one of each when `hold` says so, and waits until all wait in the database for what `hold` resolves to. */
    async beginAll(set: string, hold: (begin: () => void) => Promise<string>): Promise<Begun> {
      const prepared = await prepareAll(set);
      let begun: Promise<{ name: string; error: unknown }>[] = [];
      const settled: string[] = [];
      const begin = () => {
        begun = prepared.map(async ({ kind, place }) => {
          const error = await kind.begin(place).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          settled.push(`${kind.name}: ${String(error)}`);
          return { name: kind.name, error };
        });
      };
      const waiting = await hold(begin);
      await until("each kind waits in the database", async () => {
        const rows = await admin.query(`select from pg_stat_activity where application_name = any($1) and ${waiting}`, [
          processNames,
        ]);
        assert.deepEqual(settled, [], "all of them wait");
        return rows.length === prepared.length;
      });
      return {
        kinds: prepared.map(({ kind }) => kind),
        async refused() {
          for (const { name, error } of await Promise.all(begun)) {
            assert.ok(error !== undefined, `${name} was acknowledged`);
            assert.equal(toRoostError(error).code, "unavailable", name);
          }
        },
      };
    },
    /** What those that were not told do, after the processes have started anew. */
    async repeatAll(place: Place, kinds: readonly TransactionKind[]) {
      const { database } = place.kernel;
      const counts = new Map<TransactionKind, number>();
      for (const kind of kinds) counts.set(kind, await kind.count(database));
      await until("workers that are gone are noticed", async () => {
        await reapWorkers(place.kernel);
        const rows = await database.query("select from roost.worker where id <> $1", [place.worker.workerId]);
        return rows.length === 0;
      });
      for (const [kind, count] of counts) {
        assert.ok(count === 0 || count === 1, `${kind.name} is there ${count} times`);
        await kind.repeat(place, count === 1);
      }
      await assertCounts(database, kinds, 1);
    },
    async assertSound({ kernel: { database } }: Place, acknowledged: ReadonlySet<string>) {
      assert.deepEqual(await findViolations(database, { isStill: false }), []);
      assert.deepEqual(await findGaps(database), []);
      const rows = await database.query<{ id: string }>("select id from roost.event where topic = 'notes'");
      const there = new Set(rows.map(({ id }) => id));
      assert.deepEqual(
        [...acknowledged].filter((id) => !there.has(id)),
        [],
        "acknowledged under load and lost",
      );
    },
    async [Symbol.asyncDispose]() {
      await places[Symbol.asyncDispose]();
      await owned.disposeAsync();
    },
  };
}

async function migrateAll(url: string, homeDir: string): Promise<InstalledService> {
  await using database = await openDatabase({ url, applicationName: "migrates", logger: silentLogger });
  await using kernel = await openKernel({ database, logger: silentLogger, events: groupTestEvents, rooms: homeRooms });
  await using _memory = await openMemory({ kernel, homeDir, logger: silentLogger });
  await openServices({ kernel, kind: "gateway", name: "test" });
  await migrateKafka(database);
  await declareRelay(database, ["tasks"]);
  await database.query("create table public.seen (id text not null)");
  const installed = await installService(kernel, { contract: garden.contract, homeId: createId() });
  await using role = await openRole(url, installed, "migrates");
  await migrateService({ service: garden, installed, database: role });
  return installed;
}

/** Connections are for work: a service may have few. */
function openRole(url: string, { loginName, password }: InstalledService, applicationName: string): Promise<Database> {
  const login = changeDatabaseUrl(url, { user: { name: loginName, password } });
  const few = { poolMax: 1, statementTimeoutMsMax, keepsOne: false, idleConnectionMsMax: 1 };
  return openDatabase({ url: login, applicationName, logger: silentLogger, ...few });
}

interface OpenPlace {
  url: string;
  homeDir: string;
  installed: InstalledService;
  kafka: MemoryKafka;
  /** As the database knows its connections. */
  name: string;
}

async function openPlaceOf({ url, homeDir, installed, kafka, name }: OpenPlace): Promise<Place & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const logger = silentLogger;
  const database = opened.use(
    await openDatabase({ url, applicationName: name, logger, poolMax: 16, statementTimeoutMsMax }),
  );
  const kernel = opened.use(await openKernel({ database, logger, migrate: false, events: groupTestEvents }));
  const memory = opened.use(await openMemory({ kernel, homeDir, logger, migrate: false, scan: false }));
  const place = { kind: "worker", host: "test", pid: process.pid, ttlMs: 600_000 } as const;
  const worker = opened.use(await registerWorker(kernel, place));
  const role = opened.use(await openRole(url, installed, name));
  const garden = openServiceDatabase({ contract: gardenContract, database: role, onAppended: () => {} });
  const owned = opened.move();
  return { kernel, memory, worker, garden, kafka, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function assertCounts(database: Database, kinds: readonly TransactionKind[], wanted: number): Promise<void> {
  const counts: [string, number][] = [];
  for (const { name, count } of kinds) counts.push([name, await count(database)]);
  assert.deepEqual(
    counts,
    kinds.map(({ name }) => [name, wanted]),
  );
}

async function findGone(database: Database, kinds: readonly TransactionKind[]): Promise<string[]> {
  const gone: string[] = [];
  for (const { name, count } of kinds) if ((await count(database)) === 0) gone.push(name);
  return gone;
}
