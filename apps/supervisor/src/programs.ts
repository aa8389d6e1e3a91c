/**
 * The programs of one machine, started by path rather than imported. They get ROOST_HOME, ROOST_ROLE, ROOST_START and the supervisor's environment; also
 * ROOST_DATABASE_URL, where the database is known when they start.
 */
import { fileURLToPath } from "node:url";
import { createId } from "@roost/base";
import type { JoinedRoles } from "@roost/memory/joined-home";
import type { MachinePrograms } from "./children/keep-children.ts";
import type { ChildProgram } from "./children/spawn-child.ts";
import type { SupervisorConfig } from "./config.ts";

export interface ProgramPaths {
  gateway: string;
  worker: string;
  services: string;
  relay: string;
  scheduler: string;
  /** The template of an almost empty home. */
  homeTemplate: string;
  /** The home of examples. */
  exampleHome: string;
  /** Node's compile cache, which cuts start time to a third. */
  compileCache: string;
}

/** A process above this limit leaks: it ends and is restarted. */
const gatewayHeapMbMax = 512;
const workerHeapMbMax = 1024;
const servicesHeapMbMax = 1024;
const relayHeapMbMax = 256;
const schedulerHeapMbMax = 256;

export function defaultProgramPaths(): ProgramPaths {
  const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  return {
    gateway: fromRoot("apps/gateway/src/main.ts"),
    worker: fromRoot("packages/worker/src/main.ts"),
    services: fromRoot("apps/services/src/main.ts"),
    relay: fromRoot("apps/relay/src/main.ts"),
    scheduler: fromRoot("apps/scheduler/src/main.ts"),
    homeTemplate: fromRoot("templates/home"),
    exampleHome: fromRoot("examples/home"),
    compileCache: fromRoot("node_modules/.roost/compile-cache"),
  };
}

export interface ListProgramsOptions {
  config: SupervisorConfig;
  paths: ProgramPaths;
  /** Undefined until the database is up: gateway and workers then ask for it. */
  databaseUrl: () => string | undefined;
  /** Address of the gateway before, which the next takes again: browsers and phones have it open. */
  gatewayUrl: () => string | undefined;
}

/** For short-lived values, in MB: the processes mostly wait, and three are idle all day. */
const semiSpaceMb = 4;

export function listPrograms({ config, paths, databaseUrl, gatewayUrl }: ListProgramsOptions): MachinePrograms {
  const startId = createId();
  // The key of decisions that gateway and workers make once per start.
  const ofHome = () => ({ ROOST_DATABASE_URL: databaseUrl(), ROOST_START: startId });
  const program = createProgramOf({ config, paths }, ofHome);
  const gateway = program("gateway", "gateway", gatewayHeapMbMax);
  return {
    gateway: { ...gateway, environment: () => ({ ...gateway.environment(), ...portBefore(gatewayUrl()) }) },
    workers: listWorkers(config, program),
    services: program("services", "services", servicesHeapMbMax),
    relay: hasKafka(config) ? program("relay", "relay", relayHeapMbMax) : undefined,
  };
}

/** Of a joined host: what its home lets it run. They are told by its directory where the home is. */
export function listHostPrograms(
  given: Pick<ListProgramsOptions, "config" | "paths">,
  { workers, schedulers, relay, gateways, services }: JoinedRoles,
): ChildProgram[] {
  const program = createProgramOf(given, () => ({}));
  return [
    ...(gateways === undefined ? [] : [program("gateway", "gateway", gatewayHeapMbMax)]),
    ...(workers === undefined ? [] : listWorkers(given.config, program)),
    ...(schedulers === undefined ? [] : [program("scheduler", "scheduler", schedulerHeapMbMax)]),
    ...(relay === undefined ? [] : [program("relay", "relay", relayHeapMbMax)]),
    ...(services.length === 0 ? [] : [program("services", "services", servicesHeapMbMax)]),
  ];
}

type ProgramOf = ReturnType<typeof createProgramOf>;

function createProgramOf(
  { config, paths }: Pick<ListProgramsOptions, "config" | "paths">,
  ofHome: () => Record<string, string | undefined>,
) {
  return (role: "gateway" | "worker" | "services" | "relay" | "scheduler", name: string, heapMbMax: number) => ({
    name,
    path: paths[role],
    nodeArguments: heapArguments(heapMbMax),
    environment: () => ({
      NODE_COMPILE_CACHE: paths.compileCache,
      ...config.environment,
      ROOST_HOME: config.homeDirectory,
      ...ofHome(),
      ROOST_ROLE: role,
      ROOST_PROCESS: name,
    }),
  });
}

function listWorkers({ workerCount }: SupervisorConfig, program: ProgramOf) {
  return Array.from({ length: workerCount }, (_, index) => program("worker", `worker-${index + 1}`, workerHeapMbMax));
}

function portBefore(url: string | undefined): { ROOST_PORT_BEFORE?: string } {
  return url === undefined ? {} : { ROOST_PORT_BEFORE: new URL(url).port };
}

/** What is wrong with it the relay says. */
function hasKafka({ environment }: SupervisorConfig): boolean {
  return (environment["KAFKA_BROKERS"]?.trim() ?? "") !== "";
}

function heapArguments(heapMbMax: number): string[] {
  return [`--max-old-space-size=${heapMbMax}`, `--max-semi-space-size=${semiSpaceMb}`];
}
