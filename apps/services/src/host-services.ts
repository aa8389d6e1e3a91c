/** Hosts services in this process until it is told to stop. One that fails leaves the others up, and is tried again. */
import { sleepUntilAborted, systemClock, toRoostError, type Logger } from "@roost/base";
import { openDatabaseClock } from "@roost/kernel";
import { connectService, servicesChannel, type EnabledService } from "@roost/service";
import { openServiceHost, type ServiceHost } from "@roost/service/host";
import type { ServicesConfig } from "./config.ts";
import { installServices, type ReadyService } from "./install-services.ts";
import { keepHosting, type KeepHostingOptions } from "./keep-hosting.ts";
import { watchFolder } from "./watch-folder.ts";

export interface HostServicesOptions extends Pick<KeepHostingOptions, "logger" | "stop" | "onReady"> {
  config: ServicesConfig;
}

export type HostAllOptions = HostServicesOptions & Pick<KeepHostingOptions, "askForAnother" | "onHint">;

/** Those that cannot run are tried again after this long. */
const retryMs = 300_000;
const never = Number.POSITIVE_INFINITY;

/** All that the settings name, as long as they do. */
export async function hostServices(options: HostAllOptions): Promise<void> {
  const { config, logger } = options;
  await using hosted = createHostedServices(config, { logger });
  const look = async () => {
    const { failureCount, isStale } = await hostEnabled(hosted, options);
    return { isStale, waitMs: failureCount > 0 ? retryMs : never };
  };
  await keepHosting(hosted, { ...options, channels: [servicesChannel], look });
}

export interface HostOneOptions extends HostServicesOptions {
  address?: string | undefined;
  port?: number | undefined;
  /** Its program is another one on the disk now: what runs goes on as it was loaded. */
  onChange: () => void;
}

/** One alone. */
export async function hostService(ready: ReadyService, options: HostOneOptions): Promise<void> {
  const { config, logger, stop, onReady, onChange, address, port } = options;
  using _watch = watchFolder(ready.directory, onChange);
  await using hosted = createHostedServices(config, { logger, address, port });
  const host = await hosted.add(ready);
  onReady();
  await sleepUntilAborted(never, { signal: AbortSignal.any([stop, host.refused]) });
  host.refused.throwIfAborted();
}

/** Starts what is missing and ends what is not enabled any more. `isStale`: one has changed since this process loaded it. */
async function hostEnabled(
  hosted: HostedServices,
  { config, logger }: HostServicesOptions,
): Promise<{ failureCount: number; isStale: boolean }> {
  const enabled = new Map<string, number>();
  const choose = (all: readonly EnabledService[]) => {
    for (const { name, loadCount } of all) enabled.set(name, loadCount);
    return all.map(({ name }) => name).filter((name) => !hosted.has(name) && hosted.loaded.get(name) !== leftCount);
  };
  const { ready, failures } = await installServices(config, { names: choose, logger });
  for (const name of hosted.names().filter((each) => !enabled.has(each))) await hosted.remove(name);
  for (const one of ready)
    await hosted.add(one).catch((error: unknown) => failures.set(one.installed.name, toRoostError(error)));
  for (const [service, error] of failures) logger.error("a service cannot run", { service, error });
  const stale = [...enabled].filter(([name, loadCount]) => (hosted.loaded.get(name) ?? loadCount) !== loadCount);
  for (const [name, loadCount] of enabled) if (!hosted.loaded.has(name)) hosted.loaded.set(name, loadCount);
  return { failureCount: failures.size, isStale: stale.length > 0 };
}

/** In the place of a count: the program was loaded, and its service has left since. */
const leftCount = -1;

export interface HostedServices extends AsyncDisposable {
  /** By name, at which count this process loaded the program. */
  loaded: Map<string, number>;
  names(): string[];
  has(name: string): boolean;
  /** Hosts one that is installed. Throws what keeps it from running, after it was told. */
  add(ready: ReadyService): Promise<ServiceHost>;
  /** Its active work ends first. */
  remove(name: string): Promise<void>;
  /** What hosts them; undefined before the first. */
  host(): ServiceHost | undefined;
}

interface HostedServicesOptions {
  logger: Logger;
  address?: string | undefined;
  port?: number | undefined;
  /** Name of this one. */
  machine?: string | undefined;
}

export function createHostedServices(
  { databaseUrl }: ServicesConfig,
  { logger, address, port, machine }: HostedServicesOptions,
): HostedServices {
  const opened = new AsyncDisposableStack();
  const running = new Map<string, AsyncDisposable>();
  const loaded = new Map<string, number>();
  let host: ServiceHost | undefined;
  const open = async (installed: ReadyService["installed"]) => {
    await using opening = new AsyncDisposableStack();
    const link = opening.use(await connectService({ databaseUrl, installed, logger, poolMax: 1 }));
    // Calls are signed by the clock of the database: that of this machine may be minutes off.
    const reading = { local: systemClock, now: "service.now_1()", logger };
    const { clock } = opening.use(await openDatabaseClock(link, reading));
    const made = opening.use(await openServiceHost({ link, clock, logger, address, host: machine }));
    opened.use(opening.move());
    return made;
  };
  return {
    loaded,
    host: () => host,
    names: () => [...running.keys()],
    has: (name) => running.has(name),
    async add({ service, installed }) {
      host ??= await open(installed);
      await using opening = new AsyncDisposableStack();
      const database = opening.use(await connectService({ databaseUrl, installed, logger }));
      const report = (reason: string | null) => database.query("select service.report_1($1)", [reason]);
      try {
        const { url } = opening.use(await host.add({ service, installed, database, port }));
        await report(null);
        logger.info("a service is ready", { service: installed.name, url });
      } catch (error) {
        await report(toRoostError(error).message).catch(() => undefined);
        throw error;
      }
      running.set(installed.name, opening.move());
      return host;
    },
    async remove(name) {
      const service = running.get(name);
      running.delete(name);
      loaded.set(name, leftCount);
      await service?.[Symbol.asyncDispose]();
      logger.info("a service has left", { service: name });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.values()].map((service) => service[Symbol.asyncDispose]()));
      await opened.disposeAsync();
    },
  };
}
