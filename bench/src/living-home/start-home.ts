/**
 * A copy of the example home, alive: one gateway and some workers as processes of their own over a given database, spoken to
 * through the API as any client would. Time stays the database's.
 */
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ClientOf } from "@roost/contract";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { startProgram, type Program } from "./start-program.ts";

export interface StartHomeOptions {
  databaseUrl: string;
  /** Where the model is; none: replies are rehearsed. */
  modelUrl: string;
  workerCount: number;
  /** Changes to files of the home before it starts. */
  files?: Record<string, (text: string) => string>;
  /** Further work on the directory before it starts. */
  prepare?: ((directory: string) => Promise<void>) | undefined;
  environment?: Record<string, string>;
  /** What the workers run, from the root of the repository. Default: the worker itself. */
  workerPath?: string | undefined;
  /** Where the home is made. Default: the system's directory for temporary files. */
  parentDirectory?: string;
}

export interface LivingHome extends AsyncDisposable {
  readonly directory: string;
  readonly token: string;
  /** Of the newest gateway. */
  readonly api: ClientOf<typeof roostContract>;
  /** The newest. */
  readonly gateway: Program;
  /** Those that have not been killed. */
  readonly workers: readonly Program[];
  addWorker(): Promise<Program>;
  /** In place of one that was killed, or beside others. */
  addGateway(): Promise<Program>;
  /** The process that executes the run. */
  findWorkerOf(runId: string): Promise<Program>;
  /** kill -9 of that process. */
  killWorkerOf(runId: string): Promise<void>;
  /** What the processes logged, for the message of a failure. */
  readLogs(): string;
}

/** Changes that leave a home without jobs and heartbeat, so that only what is asked of it happens. */
export const withoutJobs: Record<string, (text: string) => string> = Object.fromEntries([
  ...["blog-writer", "social-checker", "video-producer", "weekly-review"].map((id) => [`jobs/${id}.yaml`, () => ""]),
  ["roost.yaml", (text: string) => text.replace(/^heartbeat:$/m, "heartbeat:\n  enabled: false")],
]);

/** A home without jobs, workers and a model that answers: its gateway and what it serves. `settings` are further lines of them. */
export function startQuietHome(
  databaseUrl: string,
  { settings = "", prepare }: { settings?: string; prepare?: ((directory: string) => Promise<void>) | undefined } = {},
): Promise<LivingHome> {
  const files = { ...withoutJobs, "roost.yaml": (text: string) => `${withoutJobs["roost.yaml"]!(text)}\n${settings}` };
  const unused = "http://127.0.0.1:9";
  return startHome({ databaseUrl, modelUrl: unused, workerCount: 0, files, prepare });
}

/** The process that hosts the services of a home. */
export function startServices({ directory }: LivingHome, databaseUrl: string): Promise<Program> {
  const environment = { ROOST_HOME: directory, ROOST_DATABASE_URL: databaseUrl, ROOST_LOG_LEVEL: "warn" };
  return startProgram({ path: "apps/services/src/main.ts", environment });
}

const template = fileURLToPath(new URL("../../../examples/home", import.meta.url));
const compileCache = fileURLToPath(new URL("../../../node_modules/.roost/compile-cache", import.meta.url));

export async function startHome(options: StartHomeOptions): Promise<LivingHome> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(options.parentDirectory ?? tmpdir(), "roost-home-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const token = await fillHome(directory, options.files ?? {});
  await options.prepare?.(directory);
  const environment = {
    ROOST_HOME: directory,
    ROOST_DATABASE_URL: options.databaseUrl,
    ROOST_PORT: "0",
    ROOST_MODEL_URL: options.modelUrl,
    ROOST_MODEL: "scripted",
    ROOST_MODEL_KEY: "a key of no worth",
    ROOST_LOG_LEVEL: "warn",
    NODE_COMPILE_CACHE: compileCache,
    ...options.environment,
  };
  // It brings the database up to date, and the workers find it so.
  const programs: Program[] = [];
  const startGateway = async (owner: AsyncDisposableStack) => {
    const gateway = owner.use(await startProgram({ path: "apps/gateway/src/main.ts", environment }));
    programs.push(gateway);
    const api = createHttpClient(roostContract, { baseUrl: `${gateway.ready.url}/api/v1`, token });
    return { gateway, api };
  };
  let { gateway, api } = await startGateway(opened);
  const workers: Program[] = [];
  const startWorker = async (owner: AsyncDisposableStack) => {
    const worker = owner.use(
      await startProgram({ path: options.workerPath ?? "packages/worker/src/main.ts", environment }),
    );
    workers.push(worker);
    programs.push(worker);
    return worker;
  };
  await Promise.all(Array.from({ length: options.workerCount }, () => startWorker(opened)));
  const findWorkerOf = async (runId: string) => {
    const [{ run }, { workers: known }] = await Promise.all([api.getRun({ runId }), api.getStatus()]);
    const pid = known.find(({ id }) => id === run.workerId)?.pid;
    const worker = workers.find((program) => program.pid === pid);
    if (worker === undefined) throw new Error(`run ${runId} is ${run.state} and no worker of this home executes it`);
    return worker;
  };
  const kept = opened.move();
  return {
    directory,
    token,
    get api() {
      return api;
    },
    get gateway() {
      return gateway;
    },
    workers,
    addWorker: () => startWorker(kept),
    async addGateway() {
      ({ gateway, api } = await startGateway(kept));
      return gateway;
    },
    findWorkerOf,
    async killWorkerOf(runId) {
      const worker = await findWorkerOf(runId);
      workers.splice(workers.indexOf(worker), 1);
      await worker.kill("SIGKILL");
    },
    readLogs: () => programs.map(({ name, pid, log }) => `--- ${name} ${pid}\n${log.slice(-30).join("\n")}`).join("\n"),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The token of the home. */
async function fillHome(directory: string, files: Record<string, (text: string) => string>): Promise<string> {
  await cp(template, directory, { recursive: true });
  for (const [path, change] of Object.entries(files)) {
    const file = join(directory, path);
    await writeFile(file, change(await readFile(file, "utf8").catch(() => "")));
  }
  await mkdir(join(directory, ".roost"), { mode: 0o700 });
  const token = randomBytes(24).toString("base64url");
  await writeFile(join(directory, ".roost", "token"), `${token}\n`, { mode: 0o600 });
  return token;
}
