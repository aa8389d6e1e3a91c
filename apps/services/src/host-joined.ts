/**
 * Services of a home elsewhere, on a joined host: each with a login of its own, by its program on this machine's disk, for as long as that is the one
 * that callers know. Needs no right and no file of the home.
 */
import { RoostError, toRoostError } from "@roost/base";
import { loginOfDatabaseUrl, type Sql } from "@roost/database";
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
} from "@roost/service";
import type { JoinedServices, ServicesConfig } from "./config.ts";
import { createHostedServices, type HostServicesOptions } from "./host-services.ts";
import type { ReadyService } from "./install-services.ts";

/** How often it looks whether its programs are still those that callers know, beside wake-ups. */
const lookMs = 30_000;

export interface HostJoinedOptions extends HostServicesOptions {
  joined: JoinedServices;
  /** Default: all that the home lets this host run. */
  names?: readonly string[];
  address?: string | undefined;
  port?: number | undefined;
}

/** @throws RoostError `conflict` when callers know a service by another contract, `unauthenticated` when the host was put out */
export async function hostJoined(options: HostJoinedOptions): Promise<void> {
  const { config, joined, logger, stop, onReady, port } = options;
  const { names = [...joined.logins.keys()], address = joined.address } = options;
  if (address === undefined)
    throw new RoostError(
      "invalid_input",
      "ROOST_HOST is not set: gateways reach services here by an address of this machine, as ROOST_HOST=10.0.0.2. Calls are signed and not encrypted: one of a private network (docs/hosts.md)",
    );
  await using opened = new AsyncDisposableStack();
  const hosted = opened.use(createHostedServices(config, { logger, address, port, machine: joined.host }));
  const checks: (() => Promise<void>)[] = [];
  for (const name of names) {
    const { installed, ...program } = await readJoinedService(config, joined, name);
    const connecting = connectService({ databaseUrl: config.databaseUrl, installed, logger, poolMax: 1 });
    const database = opened.use(await connecting.catch(explain));
    const check = () => refuseOtherContract(database, installed);
    // Before its migrations.
    await check();
    await hosted.add({ installed, ...program });
    checks.push(check);
  }
  onReady();
  const host = hosted.host()!;
  while (!stop.aborted) {
    using watch = host.wakeups.watch(["schemas", servicesChannel]);
    await watch.next({ timeoutMs: lookMs, signal: AbortSignal.any([stop, host.refused]) });
    if (host.refused.aborted) explain(host.refused.reason);
    if (stop.aborted) return;
    for (const check of checks)
      await check().catch((thrown: unknown) => {
        const error = toRoostError(thrown);
        if (!error.retryable) explain(error);
        logger.warn("whether callers know this program could not be read", { error });
      });
  }
}

/** @throws it, in words that fit the place */
function explain(error: unknown): never {
  refuseLockedOut(error);
  throw error;
}

/** By its folder, its contract as it is here, and its login. @throws RoostError `forbidden` for one that the home does not let this host run */
async function readJoinedService(
  { parents }: Pick<ServicesConfig, "parents">,
  { host, homeId, logins }: JoinedServices,
  name: string,
): Promise<ReadyService> {
  const login = logins.get(name);
  if (login === undefined)
    throw new RoostError(
      "forbidden",
      `host ${host} has no login for service ${name}: invite it with roost hosts invite --service ${name}, and join in another directory`,
    );
  const { directory, ...folder } = folderOf(await findServiceFolders(parents), name);
  const service = await loadService({ directory, ...folder });
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
