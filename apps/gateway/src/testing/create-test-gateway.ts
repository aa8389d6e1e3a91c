/** A gateway per test, over its own home and database, on a free port, with counts of open watches. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  accessSchema,
  makeSigningKey,
  openAccess,
  openSigning,
  type AccessTokens,
  type InboundHooks,
} from "@roost/access";
import { channelsSchema, prepareChannels } from "@roost/channels";
import { silentLogger, systemClock, type Logger } from "@roost/base";
import { createHttpClient, type ClientOf } from "@roost/contract";
import { roostContract } from "@roost/contract/roost";
import { testKernelWith, type TestKernel } from "@roost/kernel/testing";
import { answersOf, createKeepAnswer, setBudgets, type Kernel } from "@roost/kernel";
import { budgetCaps } from "@roost/memory/settings";
import { applyAgents } from "@roost/jobs";
import { memorySchema, openMemory, type Memory } from "@roost/memory";
import { readHomeId } from "@roost/memory/home";
import type { LocalUrls, ProviderConfig } from "@roost/agent";
import { openProxy, type ProxyOptions } from "@roost/proxy";
import { openServices, serviceSchema, type Services } from "@roost/service";
import { openTelemetry } from "@roost/telemetry";
import { homeRooms } from "@roost/worker/home-rooms";
import { apiPrefix, createGateway } from "../create-gateway.ts";
import { createApi } from "../create-api.ts";
import type { ConfigEntry } from "../describe-config.ts";
import { createSettingsTeller } from "../create-settings-teller.ts";
import { knownNamesOf } from "../known-names-of.ts";
import { listen, type OutsideOptions } from "../listen.ts";
import { openOwnHooks } from "../serve-hooks.ts";
import { createAgentDoor } from "../openai/agents/create-agent-door.ts";
import { openRouting, type HomeRouter } from "../routing/create-home-router.ts";
import { openRehearsals } from "../rehearsals/open-rehearsals.ts";
import { openReplays } from "../replays/open-replays.ts";
import type { RateLimit } from "../security/create-rate-limits.ts";
import type { HostPlace } from "../security/host-place.ts";
import { openToken } from "../security/open-token.ts";
import { addressesOf, type OriginRules } from "../security/check-origin.ts";
import { createSignInCodes } from "../security/sign-in-codes.ts";

/** A kernel with the tables of all that a gateway opens. */
const createTestKernel = testKernelWith([...homeRooms, memorySchema, serviceSchema, accessSchema, channelsSchema]);

export const testToken = "roost_a-token-of-the-tests";

export interface TestGateway extends AsyncDisposable {
  kernel: Kernel;
  memory: Memory;
  test: TestKernel;
  homeDir: string;
  url: string;
  port: number;
  client: ClientOf<typeof roostContract>;
  /** For a caller with another token. */
  clientWith: (token: string) => ClientOf<typeof roostContract>;
  /** With the token, unless headers say otherwise. */
  ask(
    path: string,
    init?: { method?: string; body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> },
  ): Promise<Response>;
  /** Open watches of wake-ups and of texts. */
  held(): { watches: number; texts: number };
  /** Writes what calls of models wait to write. */
  flushCalls(): Promise<void>;
  /** Stops as SIGTERM does, then serves the same port again. */
  restart(): Promise<void>;
}

export interface TestGatewayOptions {
  /** Where calls of models are passed on to. */
  providers?: ProviderConfig[];
  routes?: Record<string, string[]>;
  /** Of calls at servers that are asked for one thing at a time. Default: none waits. */
  turns?: Pick<ProxyOptions, "queue" | "turnMsMax">;
  files?: Record<string, string>;
  callerRate?: RateLimit;
  addressRate?: RateLimit;
  outside?: OutsideOptions;
  /** Where model servers are looked for; default: nowhere. */
  localUrls?: Partial<LocalUrls>;
  /** Of the program. */
  version?: string;
  /** OBJECTS_URL of a home that workers elsewhere can serve. Default: none can. */
  objects?: string;
}

export async function createTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  await using opened = new AsyncDisposableStack();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-gateway-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  for (const [path, text] of Object.entries({ ...options.files, ".roost/token": `${testToken}\n` })) {
    await mkdir(dirname(join(homeDir, path)), { recursive: true });
    await writeFile(join(homeDir, path), text);
  }
  const test = opened.use(await createTestKernel());
  const counted = countHeld(test.kernel);
  const { kernel } = counted;
  const opening = opened.use(await openMemory({ kernel, homeDir, logger: silentLogger }));
  await applyAgents(kernel, opening.settings.agents, { by: "home", source: "roost.yaml" });
  const services = await openServices({ kernel, kind: "gateway", name: "gateway" });
  const { directory } = services;
  const { router, memory } = openRouting(opening, { directory, suggestMsMax: 60_000, textMsMax: 60_000 });
  const access = await openAccess(kernel, { logger: silentLogger });
  await prepareChannels(kernel);
  const hooks = openOwnHooks(memory, { environment: {}, isElsewhere: false });
  const { providers = [], routes = {}, callerRate, addressRate, outside, version = "0.0.1" } = options;
  const served = {
    version,
    outside,
    localUrls: { ollama: nowhere, llamaCpp: nowhere, lmStudio: nowhere, ...options.localUrls },
    kernel,
    memory,
    router,
    services,
    access,
    hooks,
    providers,
    routes,
    turns: options.turns,
    callerRate,
    addressRate,
    homeDir,
    databaseUrl: test.url,
    signingKey: makeSigningKey(),
    logger: silentLogger,
    hostPlace: {
      // As a gateway of that home has it.
      homeId: await readHomeId(homeDir).catch(() => kernel.createId()),
      databaseUrl: options.objects === undefined ? undefined : test.url,
      objects: options.objects,
    },
  };
  const server = await serveForTest({ ...served, port: 0 });
  let current = server;
  opened.defer(() => current.stop());
  const clientWith = (token: string) =>
    createHttpClient(roostContract, {
      baseUrl: `${server.url}${apiPrefix}`,
      token,
      timeoutMs: answerMsMax,
      reconnect: { delayMsMin: 5, delayMsMax: 20 },
    });
  const client = clientWith(testToken);
  const owned = opened.move();
  return {
    kernel,
    memory,
    test,
    homeDir,
    url: server.url,
    port: server.port,
    client,
    clientWith,
    ask: (path, init = {}) =>
      fetch(`${server.url}${path}`, { ...init, headers: { authorization: `Bearer ${testToken}`, ...init.headers } }),
    held: counted.held,
    flushCalls: () => current.flushCalls(),
    async restart() {
      await current.stop();
      current = await serveForTest({ ...served, port: server.port });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Of a machine that is busy; that a replay is ended at all is tested beside it. */
const replayMsMax = 180_000;
const answerMsMax = 200_000;

/** No server has this port. */
export const nowhere = "http://127.0.0.1:9";

interface ServeOptions {
  version: string;
  kernel: Kernel;
  memory: Memory;
  router: HomeRouter;
  services: Services;
  access: AccessTokens;
  hooks: InboundHooks;
  providers: ProviderConfig[];
  routes: Record<string, string[]>;
  turns: TestGatewayOptions["turns"];
  callerRate: RateLimit | undefined;
  addressRate: RateLimit | undefined;
  homeDir: string;
  port: number;
  databaseUrl: string;
  signingKey: string;
  outside: OutsideOptions | undefined;
  localUrls: LocalUrls | undefined;
  hostPlace: HostPlace;
  logger: Logger;
}

export async function serveForTest(options: ServeOptions) {
  const { kernel, memory, services, access, hooks, providers, routes, homeDir, port, databaseUrl, outside, version } =
    options;
  const { hostPlace, turns, signingKey, logger } = options;
  const shutdown = new AbortController();
  const config: ConfigEntry[] = [{ name: "ROOST_HOME", value: homeDir, source: "environment", isSecret: false }];
  const model = { mode: "rehearsal", provider: null, name: null, reason: "a test" } as const;
  const engine = { version: "18", embedded: true };
  let origin: OriginRules = { port: 0 };
  const telemetry = await openTelemetry({ serviceName: "test", logger });
  const environment = { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] };
  const confined = { kernel, databaseUrl, homeDir, environment, model, shutdown: shutdown.signal };
  const clock = systemClock;
  const proxy = openProxy({ kernel, providers, routes, clock, logger, ...turns, alongside: access.recordSeen });
  const token = await openToken(homeDir, { clock: systemClock, logger });
  const signing = await openSigning(kernel, { key: signingKey, logger });
  const codes = createSignInCodes(kernel, { signing, token, clock: systemClock });
  const known = knownNamesOf(kernel, {
    serviceLists: [services.directory, services.thirdParties],
    modelNames: async () => undefined,
  });
  const agents = createAgentDoor({ kernel, memory, proxy, logger, agents: known.agents, shutdown: shutdown.signal });
  const app = createGateway({
    api: createApi({
      kernel,
      memory,
      router: options.router,
      facts: {
        version,
        homeDir,
        machineDir: homeDir,
        timeZone: memory.timeZone,
        startedAtMs: 0,
        engine,
        model,
        findProblem: async () => null,
        checkModels: async () => [],
      },
      config: () => config,
      rehearsals: openRehearsals({ ...confined, isElsewhere: hostPlace.homeAddress !== undefined }),
      replays: openReplays({ ...confined, replayMsMax }),
      services,
      access,
      hooks,
      codes,
      channels: () => ["telegram"],
      addresses: () => addressesOf(origin),
      hostPlace,
      known,
      setup: {
        environment: {},
        restart: undefined,
        applyAtOnce: createSettingsTeller(memory, {
          applyServices: async () => undefined,
          applyChannels: async () => undefined,
          applyBudgets: (settings) => setBudgets(kernel, { caps: budgetCaps(settings) }),
          restart: undefined,
          environment: {},
        }).look,
        logger,
        localUrls: options.localUrls,
      },
      onTrusted: () => undefined,
    }),
    keepAnswer: createKeepAnswer(answersOf(kernel.database), { logger }),
    services,
    memory,
    access,
    hostPlace,
    hooks,
    proxy,
    codes,
    agents,
    callerRate: options.callerRate,
    addressRate: options.addressRate,
    token,
    signing,
    environment: {},
    version,
    origin: () => origin,
    clock: systemClock,
    logger,
    telemetry,
    shutdown: shutdown.signal,
  });
  const listening = await listen({ host: "127.0.0.1", port, outside, ...app });
  origin = listening.rules;
  return {
    url: listening.url,
    port: listening.port,
    flushCalls: () => proxy.flush(),
    async stop() {
      shutdown.abort(new Error("the gateway stops"));
      await listening[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await telemetry[Symbol.asyncDispose]();
    },
  };
}

/** The kernel, counting open watches and texts. */
function countHeld(kernel: Kernel) {
  let watches = 0;
  let texts = 0;
  const counted: Kernel = {
    ...kernel,
    wakeups: {
      ...kernel.wakeups,
      watch(channels) {
        const watch = kernel.wakeups.watch(channels);
        watches += 1;
        return {
          next: (options) => watch.next(options),
          [Symbol.dispose]() {
            watches -= 1;
            watch[Symbol.dispose]();
          },
        };
      },
    },
    streams: {
      publish: (runId, delta) => kernel.streams.publish(runId, delta),
      async *watch(runId, options) {
        texts += 1;
        try {
          yield* kernel.streams.watch(runId, options);
        } finally {
          texts -= 1;
        }
      },
    },
  };
  return { kernel: counted, held: () => ({ watches, texts }) };
}
