/** Installs services with the home's rights: over a connection that is closed again before any of their programs runs. */
import { relative, sep } from "node:path";
import { RoostError, toRoostError, type Logger } from "@roost/base";
import { openDatabase, type Sql } from "@roost/database";
import { openKernel, type Kernel } from "@roost/kernel";
import { listFileProblems, readHomeId, refuseDatabaseOfAnother } from "@roost/memory/home";
import {
  describeContract,
  findServiceFolders,
  folderOf,
  installedFile,
  installService,
  isServiceRunning,
  listEnabledServices,
  loadService,
  openServices,
  readInstalledFile,
  reportService,
  writeInstalledFile,
  type EnabledService,
  type InstalledService,
  type Service,
  type ServiceFolder,
} from "@roost/service";
import type { ServicesConfig } from "./config.ts";

export interface ReadyService {
  service: Service;
  /** Its folder. */
  directory: string;
  installed: InstalledService;
}

export interface InstallServicesResult {
  ready: ReadyService[];
  /** By name, why the others cannot run. */
  failures: Map<string, RoostError>;
}

/** All that the settings in force name, or of them those that a function chooses. */
export type ServiceChoice = readonly string[] | ((enabled: readonly EnabledService[]) => readonly string[]);

export const allEnabled: ServiceChoice = (enabled) => enabled.map(({ name }) => name);

/** One that cannot be installed is told with its reason and leaves the others alone. */
export async function installServices(
  config: ServicesConfig,
  { names, logger, acceptsBreaks }: { names: ServiceChoice; logger: Logger; acceptsBreaks?: boolean },
): Promise<InstallServicesResult> {
  const { homeDir, parents, databaseUrl: url } = config;
  await using database = await openDatabase({ url, poolMax: 2, applicationName: "roost services install", logger });
  await refuseDatabaseOfAnother(database, homeDir);
  const homeId = await readHomeId(homeDir);
  await using kernel = await openKernel({ database, logger });
  await openServices({ kernel, kind: "service", name: "install" });
  const folders = await findServiceFolders(parents);
  const result: InstallServicesResult = { ready: [], failures: new Map() };
  for (const name of typeof names === "function" ? names(await listEnabledServices(database)) : names) {
    try {
      const folder = folderOf(folders, name);
      await refuseHeld(database, folder, homeDir);
      result.ready.push(await installOne(kernel, folder, { homeDir, homeId, acceptsBreaks }));
      await reportService(database, name, null);
    } catch (error) {
      const failure = toRoostError(error);
      result.failures.set(name, failure);
      await reportService(database, name, failure.message);
    }
  }
  return result;
}

/** One that is installed, by the file that its installation wrote: hosting it takes no right of the home. */
export async function readReadyService(
  { parents }: Pick<ServicesConfig, "parents">,
  { name, secret }: { name: string; secret: string },
): Promise<ReadyService> {
  const folder = folderOf(await findServiceFolders(parents), name);
  const service = await loadService(folder);
  const installed = await readInstalledFile(secret);
  const isSame = installed.name === name && describeContract(service.contract).hash === installed.contractHash;
  if (isSame) return { service, directory: folder.directory, installed };
  throw new RoostError(
    "conflict",
    `${secret} is of another service than ${name}, or of another version of its contract: install it again with roost service migrate ${name}`,
  );
}

/** A program of the home is held like its other files that Roost acts on. @throws RoostError `forbidden` */
async function refuseHeld(sql: Sql, { directory }: ServiceFolder, homeDir: string): Promise<void> {
  const place = `${relative(homeDir, directory)}${sep}`;
  const problem = (await listFileProblems(sql)).find(({ path }) => path.startsWith(place));
  if (problem !== undefined) throw new RoostError("forbidden", `${problem.path}: ${problem.reason}`);
}

async function installOne(
  kernel: Kernel,
  folder: ServiceFolder,
  { homeDir, homeId, acceptsBreaks }: { homeDir: string; homeId: string; acceptsBreaks: boolean | undefined },
): Promise<ReadyService> {
  const service = await loadService(folder);
  const path = installedFile(homeDir, folder.name);
  // Passwords are new at each start, unless another process is using one.
  const isRunning = await isServiceRunning(kernel.database, folder.name);
  const known = isRunning ? await readInstalledFile(path).catch(() => undefined) : undefined;
  const installed = await installService(kernel, {
    contract: service.contract,
    guide: service.guide,
    homeId,
    password: known?.password,
    acceptsBreaks,
  });
  await writeInstalledFile(path, installed);
  return { service, directory: folder.directory, installed };
}
