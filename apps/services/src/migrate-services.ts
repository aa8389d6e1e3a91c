/** Installs services and applies their migrations, each by itself, and has the running process take them up: changed programs too. */
import { toRoostError, type Logger } from "@roost/base";
import { openDatabase } from "@roost/database";
import { openKernel } from "@roost/kernel";
import { connectService, markLoaded, servicesChannel } from "@roost/service";
import { migrateService } from "@roost/service/host";
import type { ServicesConfig } from "./config.ts";
import { installServices, type ReadyService, type ServiceChoice } from "./install-services.ts";

export interface MigratedService {
  name: string;
  /** Names of the migrations that were applied. */
  applied: readonly string[];
  /** Why it cannot run. */
  failure?: string;
}

export async function migrateServices(
  config: ServicesConfig,
  { logger, ...choice }: { names: ServiceChoice; logger: Logger; acceptsBreaks: boolean },
): Promise<MigratedService[]> {
  const { ready, failures } = await installServices(config, { ...choice, logger });
  const done: MigratedService[] = [];
  for (const [name, error] of failures) done.push({ name, applied: [], failure: error.message });
  for (const one of ready) done.push(await migrate(one, config, logger));
  const { databaseUrl: url } = config;
  await using database = await openDatabase({ url, poolMax: 1, applicationName: "roost services migrate", logger });
  await using kernel = await openKernel({ database, logger, migrate: false });
  for (const { name, failure } of done) if (failure === undefined) await markLoaded(database, name);
  kernel.wakeups.wake(servicesChannel);
  return done.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function migrate(
  { service, installed }: ReadyService,
  { databaseUrl }: ServicesConfig,
  logger: Logger,
): Promise<MigratedService> {
  const { name } = installed;
  await using database = await connectService({ databaseUrl, installed, logger, poolMax: 1 });
  try {
    return { name, applied: await migrateService({ service, installed, database }) };
  } catch (error) {
    const failure = toRoostError(error).message;
    await database.query("select service.report_1($1)", [failure]);
    return { name, applied: [], failure };
  }
}
