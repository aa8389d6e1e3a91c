/** Hosts one service: its migrations, port, consumers, and entry in the address table. Has only the rights of the service's role. */
import { hostname } from "node:os";
import { createId, RoostError, sleepUntilAborted, type Clock, type Logger } from "@roost/base";
import { serveContract } from "@roost/contract";
import { applyMigrations, readMigrations, type Database } from "@roost/database";
import { createWakeups } from "@roost/kernel";
import { createVerifyCall } from "../calls/sign-call.ts";
import type { InstalledService } from "../install/install-service.ts";
import { createVerifier } from "../signing/create-verifier.ts";
import type { Service, ServiceDatabase, ServiceProjection } from "../service.ts";
import { createKeepServiceAnswer } from "./keep-service-answer.ts";
import { catchUp, runConsumer } from "./run-consumer.ts";
import { serveCalls } from "./serve-calls.ts";
import { openServiceDatabase } from "./service-database.ts";

export interface HostOptions {
  service: Service;
  installed: InstalledService;
  /** Connected as the role of the service. */
  database: Database;
  clock: Clock;
  logger: Logger;
  host?: string;
  port?: number;
  /** Without a wake-up consumers check again after this long. */
  pollMs?: number;
}

export interface HostedService extends AsyncDisposable {
  readonly id: string;
  readonly url: string;
  readonly database: ServiceDatabase;
  /** Empties the tables of a projection and reads the log again from the oldest event. @throws RoostError `not_found` */
  rebuild(projection: string): Promise<void>;
}

const leaseMs = 15_000;
const pollMsDefault = 2_000;

export async function hostService(options: HostOptions): Promise<HostedService> {
  const { service, installed, database, clock, logger, host, port, pollMs = pollMsDefault } = options;
  const id = createId();
  const stopping = new AbortController();
  const { signal } = stopping;
  await migrate(options);
  await using opened = new AsyncDisposableStack();
  const wakeups = opened.use(await createWakeups({ database, logger, origin: id }));
  const onAppended = (topics: ReadonlySet<string>) => topics.forEach((topic) => wakeups.wake(`log:${topic}`));
  const own = openServiceDatabase({ contract: service.contract, database, onAppended });
  const served = serveContract(service.contract, service.handlers({ database: own, clock, logger }));
  const verifyCall = createVerifyCall(createVerifier(database, { clock }), { instance: id, clock });
  const keepAnswer = createKeepServiceAnswer(database, logger);
  const listening = opened.use(
    await serveCalls({ served, verifyCall, keepAnswer, logger, shutdown: signal, host, port }),
  );
  const announce = () =>
    database.query("select service.announce_1($1, $2, $3, $4, $5, $6)", [
      id,
      listening.url,
      installed.contractHash,
      hostname(),
      process.pid,
      leaseMs,
    ]);
  await announce();
  opened.defer(async () => void (await database.query("select service.withdraw_1($1)", [id])));
  const reading = { database: own, connection: database, wakeups, logger, signal, pollMs };
  const loops = [
    renew(announce, { signal, logger }),
    ...[...(service.consumers ?? []), ...(service.projections ?? [])].map((each) => runConsumer(each, reading)),
  ];
  // Active work ends before what it uses is closed.
  opened.defer(async () => {
    stopping.abort(new RoostError("unavailable", "the service is stopping"));
    await Promise.all(loops);
  });
  const owned = opened.move();
  return {
    id,
    url: listening.url,
    database: own,
    async rebuild(name) {
      const projection = service.projections?.find((one) => one.name === name);
      if (projection === undefined) throw new RoostError("not_found", `the service has no projection "${name}"`);
      await empty(own, installed, projection);
      await catchUp(projection, { ...reading, clock });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function migrate({ service, installed, database }: HostOptions): Promise<void> {
  if (service.migrations === undefined) return;
  const migrations = await readMigrations(service.migrations);
  await applyMigrations(database, { schema: installed.schemaName, migrations });
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

async function renew(
  announce: () => Promise<unknown>,
  { signal, logger }: { signal: AbortSignal; logger: Logger },
): Promise<void> {
  while (await sleepUntilAborted(leaseMs / 3, { signal, keepAlive: false }))
    await announce().catch((error: unknown) => logger.warn("a service could not renew its lease", { error }));
}
