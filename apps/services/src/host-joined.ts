/**
 * Services of a home elsewhere, on a joined host: each with a login of its own, by its program on this machine's disk, for as long as that is the one
 * that callers know. Needs no right and no file of the home.
 */
import { RoostError, toRoostError } from "@roost/base";
import { loginOfDatabaseUrl, type Database, type Sql } from "@roost/database";
import { refuseLockedOut } from "@roost/memory/home";
import {
  connectService,
  describeContract,
  findServiceFolders,
  folderOf,
  loadService,
  namesOf,
  servicesChannel,
  type InstalledService,
  type ServiceFolder,
} from "@roost/service";
import { runsNoService, type JoinedServices } from "./config.ts";
import { createHostedServices, type HostAllOptions, type HostedServices } from "./host-services.ts";
import type { ReadyService } from "./install-services.ts";
import { keepHosting } from "./keep-hosting.ts";
import { watchFolder } from "./watch-folder.ts";

/** How often it looks whether its programs are still those that callers know, beside wake-ups. */
const lookMs = 30_000;

export interface HostJoinedOptions extends Omit<HostAllOptions, "onHint"> {
  joined: JoinedServices;
  /** Default: all that the home lets this host run. */
  names?: readonly string[];
  address?: string | undefined;
  port?: number | undefined;
}

/**
 * Each for itself: one that fails leaves the others up, is told of and tried again.
 * @throws RoostError why none runs, as `invalid_input` where the home lets this host run none, `conflict` where callers know it by another contract; `unauthenticated` when the host was put out
 */
export async function hostJoined(options: HostJoinedOptions): Promise<void> {
  const { config, joined, logger, port } = options;
  const { names = [...joined.logins.keys()], address = joined.address } = options;
  if (names.length === 0) throw runsNoService(joined);
  if (address === undefined)
    throw new RoostError(
      "invalid_input",
      "ROOST_HOST is not set: gateways reach services here by an address of this machine, as ROOST_HOST=10.0.0.2. Calls are signed and not encrypted: one of a private network (docs/hosts.md)",
    );
  await using opened = new AsyncDisposableStack();
  const hosted = opened.use(createHostedServices(config, { logger, address, port, machine: joined.host }));
  let onChange = () => {};
  const services = names.map((name) =>
    opened.use(openJoinedService(name, { config, joined, hosted, logger, onChange: () => onChange() })),
  );
  const look = async () => {
    for (const service of services) await service.look();
    const failed = services.filter(({ failure }) => failure() !== undefined);
    // The next process loads what has changed meanwhile.
    if (hosted.names().length === 0) throw failed[0]!.failure()!;
    return { isStale: failed.some(({ hasChanged }) => hasChanged()), waitMs: lookMs };
  };
  const onHint = (listener: () => void) => void (onChange = listener);
  await keepHosting(hosted, { ...options, onHint, channels: ["schemas", servicesChannel], look }).catch(explain);
}

/** @throws it, in words that fit the place */
function explain(error: unknown): never {
  refuseLockedOut(error);
  throw error;
}

interface JoinedService extends AsyncDisposable {
  /** Hosts it where callers know it by the contract of its program here, and else ends that. @throws RoostError `unauthenticated` when its login is gone */
  look(): Promise<void>;
  /** Why it does not run. */
  failure(): RoostError | undefined;
  /** Its program is another one on the disk than was loaded. */
  hasChanged(): boolean;
}

interface JoinedServiceOptions extends Pick<HostJoinedOptions, "config" | "joined" | "logger"> {
  hosted: HostedServices;
  onChange: () => void;
}

function openJoinedService(
  name: string,
  { config, joined, hosted, logger, onChange }: JoinedServiceOptions,
): JoinedService {
  const opened = new AsyncDisposableStack();
  let known: { ready: ReadyService; database: Database } | undefined;
  let failure: RoostError | undefined;
  let hasChanged = false;
  let watching: Disposable | undefined;
  const load = async () => {
    const folder = folderOf(await findServiceFolders(config.parents), name);
    // Also while it cannot be loaded: what failed to load is not read again by this process.
    watching ??= opened.use(watchFolder(folder.directory, () => ((hasChanged = true), onChange())));
    const ready = await readJoinedService(folder, joined);
    const connecting = connectService({
      databaseUrl: config.databaseUrl,
      installed: ready.installed,
      logger,
      poolMax: 1,
    });
    return { ready, database: opened.use(await connecting) };
  };
  const fail = async (why: RoostError) => {
    if (hosted.has(name)) await hosted.remove(name);
    if (failure?.message !== why.message) logger.error("a service cannot run", { service: name, error: why });
    failure = why;
    const told = [`on host ${joined.host}: ${why.message}`];
    await known?.database.query("select service.report_1($1)", told).catch(() => undefined);
  };
  return {
    async look() {
      try {
        known ??= await load();
        // Before its migrations.
        await refuseOtherContract(known.database, known.ready.installed);
        if (!hosted.has(name)) await hosted.add(known.ready);
        failure = undefined;
      } catch (thrown) {
        refuseLockedOut(thrown);
        const error = toRoostError(thrown);
        if (error.retryable && hosted.has(name))
          return logger.warn("whether callers know this program could not be read", { service: name, error });
        await fail(error);
      }
    },
    failure: () => failure,
    hasChanged: () => hasChanged,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** By its folder, its contract as it is here, and its login. @throws RoostError `forbidden` for one that the home does not let this host run */
async function readJoinedService(
  folder: ServiceFolder,
  { host, homeId, logins }: JoinedServices,
): Promise<ReadyService> {
  const { name, directory } = folder;
  const login = logins.get(name);
  if (login === undefined)
    throw new RoostError(
      "forbidden",
      `host ${host} has no login for service ${name}: invite it with roost hosts invite --service ${name}, and join in another directory`,
    );
  const service = await loadService(folder);
  const { name: loginName, password } = loginOfDatabaseUrl(login);
  const names = namesOf(name, homeId);
  const contractHash = describeContract(service.contract).hash;
  return { service, directory, installed: { ...names, name, loginName, password, contractHash } };
}

async function refuseOtherContract(sql: Sql, { name, contractHash }: InstalledService): Promise<void> {
  const [row] = await sql.query<{ hash: string | null }>("select service.accepted_contract_1() as hash");
  if (row?.hash === contractHash) return;
  throw new RoostError(
    "conflict",
    `the home knows service ${name} by another contract than that of the program here: bring both to one version (of Roost, or of the folder services/${name}), and put it in place at the home first (roost service migrate ${name})`,
  );
}
