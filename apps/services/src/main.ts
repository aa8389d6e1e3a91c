/** The process of the domain services: all that the settings name, one alone, or their migrations only. Stops in order. */
import {
  createLogger,
  endLate,
  listenToSupervisor,
  RoostError,
  runProcess,
  systemClock,
  toRoostError,
  type Logger,
} from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { provideModulesTo } from "@roost/service";
import { readServicesCommand, readServicesConfig, type ServicesConfig } from "./config.ts";
import { hostJoined } from "./host-joined.ts";
import { hostService, hostServices } from "./host-services.ts";
import {
  allEnabled,
  installServices,
  readReadyService,
  type ReadyService,
  type ServiceChoice,
} from "./install-services.ts";
import { migrateServices } from "./migrate-services.ts";

/** How long an orderly stop may take. What was acknowledged is committed. */
const stopMsMax = 3_000;

async function main(): Promise<void> {
  const { stop, ready, askForAnother, onHint } = listenToSupervisor();
  const command = readServicesCommand(process.argv.slice(2));
  const config = await readServicesConfig();
  const { logLevel: level, homeDir } = config;
  const write = (line: string) => void process.stderr.write(line);
  const logger = createLogger({ level, clock: systemClock, write }).child({ process: "services", pid: process.pid });
  using _modules = provideModulesTo(homeDir);
  endLate(stop, stopMsMax);
  const hosting = { config, logger, stop, onReady: () => ready({}) };
  const { joined } = config;
  if (command.command === "all" && joined !== undefined) return await hostJoined({ ...hosting, joined, askForAnother });
  if (command.command === "all") return await hostServices({ ...hosting, askForAnother, onHint });
  try {
    if (command.command === "migrate") {
      if (joined !== undefined)
        throw new RoostError("forbidden", `services are put in place at the home, not on host ${joined.host}`);
      const { names, acceptsBreaks } = command;
      return await migrate({ names: names.length > 0 ? names : allEnabled, logger, acceptsBreaks }, config);
    }
    const { name, secret, ...where } = command;
    if (joined !== undefined && secret === undefined)
      return await hostJoined({ ...hosting, joined, askForAnother, names: [name], ...where });
    const one =
      secret === undefined ? await installOne(name, config, logger) : await readReadyService(config, { name, secret });
    const remark = `${name} has changed in ${one.directory}, and runs as it was loaded: put the change in place with roost service migrate ${name}, then start this again`;
    return await hostService(one, { ...hosting, ...where, onChange: () => write(`${remark}\n`) });
  } catch (error) {
    // A person reads what a command says.
    const { message, code } = toRoostError(error);
    process.stderr.write(`${message}\n`);
    process.exitCode = exitCodeOf(code);
  }
}

async function installOne(name: string, config: ServicesConfig, logger: Logger): Promise<ReadyService> {
  const { ready, failures } = await installServices(config, { names: [name], logger });
  const failure = failures.get(name);
  if (failure !== undefined) throw failure;
  return ready[0]!;
}

/** Prints a line for each, and fails when one of them did. */
async function migrate(
  choice: { names: ServiceChoice; logger: Logger; acceptsBreaks: boolean },
  config: ServicesConfig,
): Promise<void> {
  const done = await migrateServices(config, choice);
  for (const { name, applied, failure } of done) {
    const what = applied.length === 0 ? "nothing to apply" : `applied ${applied.join(", ")}`;
    process.stdout.write(`${name}: ${failure ?? what}\n`);
  }
  const failed = done.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0)
    throw new RoostError("unavailable", `${failed.map(({ name }) => name).join(", ")} cannot run: see above`);
}

await runProcess(main, exitCodeOf);
