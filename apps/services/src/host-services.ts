/** Hosts services in this process until it is told to stop. One that fails leaves the others up, and is tried again. */
import { sleepUntilAborted, systemClock, toRoostError, type Logger } from "@roost/base";
import { connectService, openServiceHost, type ServiceHost } from "@roost/service";
import type { ServicesConfig } from "./config.ts";
import { installServices, type ReadyService } from "./install-services.ts";

export interface HostServicesOptions {
  config: ServicesConfig;
  logger: Logger;
  stop: AbortSignal;
  /** Once what can run does. */
  onReady: () => void;
}

/** Wakes the process when a service was installed or migrated elsewhere. */
export const servicesChannel = "services";
/** Those that cannot run are tried again after this long. */
const retryMs = 300_000;
const never = Number.POSITIVE_INFINITY;

/** All that the settings name. */
export async function hostServices(options: HostServicesOptions): Promise<void> {
  const { config, logger, stop, onReady } = options;
  await using hosted = createHostedServices(config, { logger });
  let missing: readonly string[] | "enabled" = "enabled";
  while (!stop.aborted) {
    missing = await startServices(missing, hosted, options);
    onReady();
    const host = hosted.host();
    if (host === undefined) {
      await sleepUntilAborted(retryMs, { signal: stop });
      continue;
    }
    using watch = host.wakeups.watch(servicesChannel);
    const timeoutMs = missing.length > 0 ? retryMs : never;
    await watch.next({ timeoutMs, signal: AbortSignal.any([stop, host.refused]) });
    host.refused.throwIfAborted();
  }
}

/** One alone. */
export async function hostService(
  ready: ReadyService,
  { address, port, ...options }: HostServicesOptions & { address?: string | undefined; port?: number | undefined },
): Promise<void> {
  const { config, logger, stop, onReady } = options;
  await using hosted = createHostedServices(config, { logger, address, port });
  const host = await hosted.add(ready);
  onReady();
  await sleepUntilAborted(never, { signal: AbortSignal.any([stop, host.refused]) });
  host.refused.throwIfAborted();
}

/** Returns the names of those that cannot run. */
async function startServices(
  names: readonly string[] | "enabled",
  hosted: HostedServices,
  { config, logger }: HostServicesOptions,
): Promise<string[]> {
  if (names.length === 0) return [];
  const { ready, failures } = await installServices(config, { names, logger });
  for (const one of ready)
    await hosted.add(one).catch((error: unknown) => failures.set(one.installed.name, toRoostError(error)));
  for (const [service, error] of failures) logger.error("a service cannot run", { service, error });
  return [...failures.keys()];
}

interface HostedServices extends AsyncDisposable {
  /** Hosts one that is installed. Throws what keeps it from running, after it was told. */
  add(ready: ReadyService): Promise<ServiceHost>;
  /** What hosts them; undefined before the first. */
  host(): ServiceHost | undefined;
}

function createHostedServices(
  { databaseUrl }: ServicesConfig,
  { logger, address, port }: { logger: Logger; address?: string | undefined; port?: number | undefined },
): HostedServices {
  const opened = new AsyncDisposableStack();
  let host: ServiceHost | undefined;
  const open = async (installed: ReadyService["installed"]) => {
    await using opening = new AsyncDisposableStack();
    const link = opening.use(await connectService({ databaseUrl, installed, logger, poolMax: 1 }));
    const made = opening.use(await openServiceHost({ link, clock: systemClock, logger, address }));
    opened.use(opening.move());
    return made;
  };
  return {
    host: () => host,
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
      opened.use(opening.move());
      return host;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
