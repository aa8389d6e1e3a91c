/** One service in a process that hosts services: its migrations, port, consumers, and entry in the address table. Has only the rights of its role. */
import { briefMs, createId, delay, RoostError, type Clock, type Logger } from "@roost/base";
import { serveContract } from "@roost/contract";
import { applyMigrations, readMigrations, type Database } from "@roost/database";
import type { Wakeups } from "@roost/kernel";
import type { CalledService } from "../calls/service-directory.ts";
import { createVerifyCall } from "../calls/sign-call.ts";
import type { InstalledService } from "../install/install-service.ts";
import { createVerifier } from "../signing/create-verifier.ts";
import type { Service, ServiceDatabase, ServiceProjection } from "../service.ts";
import { createClientFor } from "./call-services.ts";
import { createKeepServiceAnswer } from "./keep-service-answer.ts";
import { catchUp, runConsumer } from "./run-consumer.ts";
import { serveCalls } from "./serve-calls.ts";
import { openServiceDatabase } from "./service-database.ts";

export interface HostedServiceOptions {
  service: Service;
  installed: InstalledService;
  /** Connected as the role of the service. */
  database: Database;
  clock: Clock;
  logger: Logger;
  port?: number | undefined;
  /** The process that hosts it. */
  process: HostProcess;
}

export interface HostProcess {
  id: string;
  /** Name of the machine. */
  host: string;
  leaseMs: number;
  /** Address to listen on. */
  address: string;
  wakeups: Wakeups;
}

export interface HostedService extends AsyncDisposable {
  readonly id: string;
  readonly url: string;
  readonly database: ServiceDatabase;
  /** Says again where it is. */
  announce(): Promise<void>;
  /** A consumer or projection of it has something to do. */
  wake(consumer: string): void;
  /** Empties the tables of a projection and reads the log again from the oldest event. @throws RoostError `not_found` */
  rebuild(projection: string): Promise<void>;
}

/** Beyond what callers keep of the address table. */
const lateMs = 200;

export async function hostService(options: HostedServiceOptions): Promise<HostedService> {
  const { service, installed, database, clock, logger, port, process: host } = options;
  const { wakeups } = host;
  const id = createId();
  const stopping = new AbortController();
  const { signal } = stopping;
  const closing = new AbortController();
  await migrateService({ service, installed, database });
  await using opened = new AsyncDisposableStack();
  const onAppended = (topics: ReadonlySet<string>) => topics.forEach((topic) => wakeups.wake(`log:${topic}`));
  const own = openServiceDatabase({ contract: service.contract, database, onAppended });
  const [zone] = await database.query<{ timeZone: string }>(`select service.time_zone_1() as "timeZone"`);
  const timeZone = zone!.timeZone;
  const clientFor = createClientFor({ name: service.contract.name, database, clock, logger });
  const served = serveContract(
    service.contract,
    service.handlers({ database: own, clientFor, clock, timeZone, logger }),
  );
  const verifyCall = createVerifyCall(createVerifier(database, { clock }), { instance: id, clock });
  const keepAnswer = createKeepServiceAnswer(database, logger);
  const listening = opened.use(
    await serveCalls({ served, verifyCall, keepAnswer, logger, shutdown: closing.signal, host: host.address, port }),
  );
  const announce = async () => {
    const place = [id, host.id, listening.url, installed.contractHash, host.host, process.pid, host.leaseMs];
    await database.query("select service.announce_1($1, $2, $3, $4, $5, $6, $7)", place);
  };
  await announce();
  opened.defer(async () => {
    await database.query("select service.withdraw_1($1)", [id]);
    const [own] = await database.query<CalledService>("select instances from service.find_instances_1($1)", [
      installed.name,
    ]);
    // Others take the calls once callers have looked again; until then they come here.
    if ((own?.instances.length ?? 0) > 0) await delay(briefMs + lateMs, { keepAlive: false });
    closing.abort(signal.reason);
  });
  const reading = { database: own, connection: database, wakeups, logger, signal };
  const all = [...(service.consumers ?? []), ...(service.projections ?? [])];
  const consumers = await Promise.all(all.map((each) => runConsumer(each, reading)));
  // Active work ends before what it uses is closed.
  opened.defer(async () => {
    stopping.abort(new RoostError("unavailable", "the service is stopping"));
    await Promise.all(consumers.map(({ ended }) => ended));
  });
  const owned = opened.move();
  return {
    id,
    url: listening.url,
    database: own,
    announce,
    wake: (name) => consumers.find((one) => one.name === name)?.wake(),
    async rebuild(name) {
      const projection = service.projections?.find((one) => one.name === name);
      if (projection === undefined) throw new RoostError("not_found", `the service has no projection "${name}"`);
      await empty(own, installed, projection);
      await catchUp(projection, { ...reading, clock });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export interface MigrateServiceOptions {
  service: Service;
  installed: InstalledService;
  /** Connected as the role of the service. */
  database: Database;
}

/** Applies the missing migrations of a service, one process at a time. Returns their names. */
export async function migrateService({ service, installed, database }: MigrateServiceOptions): Promise<string[]> {
  if (service.migrations === undefined) return [];
  const migrations = await readMigrations(service.migrations);
  return await applyMigrations(database, { schema: installed.schemaName, migrations });
}

async function empty(
  database: ServiceDatabase,
  { schemaName }: InstalledService,
  { name, tables }: ServiceProjection,
): Promise<void> {
  await database.transact(async (tx) => {
    for (const table of tables) await tx.query(`delete from ${schemaName}.${table}`);
    await tx.query("select service.restart_consumer_1($1)", [name]);
  });
}
