/**
 * Which programs make up one machine, started by path and not by import. What they get: ROOST_HOME,
 * ROOST_DATABASE_URL, ROOST_ROLE, ROOST_START and the environment of the supervisor.
 */
import { fileURLToPath } from "node:url";
import { createId } from "@roost/base";
import type { ChildProgram } from "./children/spawn-child.ts";
import type { SupervisorConfig } from "./config.ts";

export interface ProgramPaths {
  gateway: string;
  worker: string;
  /** What an empty home is filled from. */
  homeTemplate: string;
  /** Where Node keeps compiled programs, which starts them in a third of the time. */
  compileCache: string;
}

/** A process that needs more has lost something: it ends and is started again. */
const gatewayHeapMbMax = 512;
const workerHeapMbMax = 1024;

export function defaultProgramPaths(): ProgramPaths {
  const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  return {
    gateway: fromRoot("apps/gateway/src/main.ts"),
    worker: fromRoot("packages/worker/src/main.ts"),
    homeTemplate: fromRoot("examples/home"),
    compileCache: fromRoot("node_modules/.roost/compile-cache"),
  };
}

export interface ListProgramsOptions {
  config: SupervisorConfig;
  paths: ProgramPaths;
  databaseUrl: () => string;
}

/** For short-lived values, in MB: they wait for other processes most of the time, and three of them idle all day. */
const semiSpaceMb = 4;

/** The gateway first, then the workers. */
export function listPrograms({ config, paths, databaseUrl }: ListProgramsOptions): ChildProgram[] {
  const startId = createId();
  const environment = (role: string, name: string) => () => ({
    NODE_COMPILE_CACHE: paths.compileCache,
    ...config.environment,
    ROOST_HOME: config.homeDirectory,
    ROOST_DATABASE_URL: databaseUrl(),
    ROOST_ROLE: role,
    // What gateway and workers decide once for all of them is kept under it.
    ROOST_START: startId,
    ROOST_PROCESS: name,
  });
  const workers = Array.from({ length: config.workerCount }, (_, index): ChildProgram => {
    const name = `worker-${index + 1}`;
    return {
      name,
      path: paths.worker,
      nodeArguments: heapArguments(workerHeapMbMax),
      environment: environment("worker", name),
    };
  });
  const gateway: ChildProgram = {
    name: "gateway",
    path: paths.gateway,
    nodeArguments: heapArguments(gatewayHeapMbMax),
    environment: environment("gateway", "gateway"),
  };
  return [gateway, ...workers];
}

function heapArguments(heapMbMax: number): string[] {
  return [`--max-old-space-size=${heapMbMax}`, `--max-semi-space-size=${semiSpaceMb}`];
}
