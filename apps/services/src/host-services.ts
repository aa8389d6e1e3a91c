/** Hosts services in this process until it is told to stop. One that fails leaves the others up, and is tried again. */
import { sleepUntilAborted, systemClock, toRoostError, type Logger } from "@roost/base";
import { openDatabaseClock } from "@roost/kernel";
import { connectService, servicesChannel, type EnabledService } from "@roost/service";
import { openServiceHost, type ServiceHost } from "@roost/service/host";
import type { ServicesConfig } from "./config.ts";
import { installServices, type ReadyService } from "./install-services.ts";
import { watchFolder } from "./watch-folder.ts";

export interface HostServicesOptions {
  config: ServicesConfig;
  logger: Logger;
  stop: AbortSignal;
  /** Once what can run does. */
  onReady: () => void;
}

export interface HostAllOptions extends HostServicesOptions {
  /** Asks for a new process that replaces this one and loads the programs again. False: there is no supervisor to start it. */
  askForAnother: () => boolean;
  /** Calls back when there may be something to do. */
  onHint: (listener: () => void) => void;
}

/** Those that cannot run are tried again after this long. */
const retryMs = 300_000;
const never = Number.POSITIVE_INFINITY;

/** All that the settings name, as long as they do. */
export async function hostServices(options: HostAllOptions): Promise<void> {
  const { config, logger, stop, onReady, onHint, askForAnother } = options;
  await using hosted = createHostedServices(config, { logger });
  let hint = new AbortController();
  onHint(() => hint.abort());
  while (!stop.aborted) {
    hint = new AbortController();
    const host = hosted.host();
    using watch = host?.wakeups.watch(servicesChannel);
    const { failureCount, isStale } = await hostEnabled(hosted, options);
    onReady();
    // A program that was loaded stays loaded: a changed one takes another process. What starts processes starts it again.
    if (isStale && !askForAnother()) return logger.info("a service has changed: the process ends, to be started again");
    if (host === undefined && hosted.host() !== undefined) continue;
    const timeoutMs = failureCount > 0 ? retryMs : never;
    const signal = AbortSignal.any([stop, hint.signal, ...(host === undefined ? [] : [host.refused])]);
    if (watch === undefined) await sleepUntilAborted(retryMs, { signal });
    else await watch.next({ timeoutMs, signal });
    host?.refused.throwIfAborted();
  }
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
