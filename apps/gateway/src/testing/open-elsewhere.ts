/**
 * A gateway of a test's home on another host: it joined by a code, has a login of its own for the database and a directory of its own. What both reach
 * as a bucket is one folder here.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatewayApplication, makeSigningKey, openAccess } from "@roost/access";
import { createLogger, systemClock } from "@roost/base";
import { createHttpClient, type AnyOperation } from "@roost/contract";
import {
  gatewaysScope,
  hostScopes,
  roostOperations,
  type HostLogins,
  type HostNeeds,
} from "@roost/contract/operations";
import { postJson } from "@roost/contract/post-json";
import { roostContract } from "@roost/contract/roost";
import { openDatabase, type Database } from "@roost/database";
import { openKernel } from "@roost/kernel";
import { openMemory } from "@roost/memory";
import { openServices } from "@roost/service";
import { homeRooms } from "@roost/worker/home-rooms";
import { apiPrefix } from "../create-gateway.ts";
import { lookAtSchemas } from "../look-at-schemas.ts";
import { openRouting } from "../routing/create-home-router.ts";
import { openOwnHooks } from "../serve-hooks.ts";
import { nowhere, serveForTest, testToken, type TestGateway } from "./create-test-gateway.ts";

export interface GatewayElsewhere extends AsyncDisposable {
  /** Of this gateway. What needs the home it asserts to be refused, and asks at the home. */
  client: TestGateway["client"];
  /** Of this gateway, with another token, and nothing else. */
  clientWith: TestGateway["clientWith"];
  url: string;
  /** With the login of its host. */
  database: Database;
  /** Lines of its log by which the database refused something. */
  denied: string[];
}

const version = "0.0.1";

/** `home`: with `objects`, so that gateways elsewhere can serve it. The host is called box. */
export async function openElsewhere(home: TestGateway): Promise<GatewayElsewhere> {
  await using opened = new AsyncDisposableStack();
  const { url, needs } = await joinByCode(home);
  const denied: string[] = [];
  const write = (line: string) => void (/permission denied|must be owner/.test(line) && denied.push(line));
  const logger = createLogger({ level: "debug", clock: systemClock, write });
  const database = opened.use(await openDatabase({ url, applicationName: gatewayApplication, logger, poolMax: 8 }));
  const kernel = opened.use(await openKernel({ database, logger, rooms: homeRooms }));
  const homeDir = await prepareMachine(home);
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  await lookAtSchemas(database);
  const opening = opened.use(await openMemory({ kernel, homeDir, isMirrored: true, migrate: false, logger }));
  const services = await openServices({ kernel, kind: "gateway", name: "gateway" });
  const waits = { suggestMsMax: 60_000, textMsMax: 60_000 };
  const { router, memory } = openRouting(opening, { directory: services.directory, ...waits });
  const access = await openAccess(kernel, { logger });
  const server = await serveForTest({
    version,
    kernel,
    memory,
    router,
    services,
    access,
    logger,
    homeDir,
    hooks: openOwnHooks(memory, { environment: {}, isElsewhere: true }),
    providers: [],
    routes: {},
    turns: undefined,
    callerRate: undefined,
    addressRate: undefined,
    outside: undefined,
    localUrls: { ollama: nowhere, llamaCpp: nowhere, lmStudio: nowhere },
    databaseUrl: url,
    signingKey: makeSigningKey(),
    hostPlace: { homeId: needs.homeId, databaseUrl: url, objects: needs.objects, homeAddress: home.url },
    port: 0,
  });
  opened.defer(() => server.stop());
  const clientWith = (token: string) =>
    createHttpClient(roostContract, {
      baseUrl: `${server.url}${apiPrefix}`,
      token,
      reconnect: { attemptsMax: 2, delayMsMin: 5, delayMsMax: 20 },
    });
  const owned = opened.move();
  return {
    client: leavingToHome(clientWith(testToken), home),
    clientWith,
    url: server.url,
    database,
    denied,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The login of its gateways. */
async function joinByCode({ client, url }: TestGateway): Promise<{ url: string; needs: HostNeeds }> {
  const scopes = [...hostScopes, gatewaysScope];
  const { code } = await client.createPairing({ kind: "host", name: "box", scopes });
  const host = { name: "box", version, at: new Date().toISOString() };
  const joined = await postJson<{ logins: HostLogins; needs: HostNeeds }>(`${url}/pair`, { code, host });
  const [login, ...others] = joined.logins;
  assert.deepEqual([login?.of, others], ["gateways", []]);
  return { url: login!.url, needs: joined.needs };
}

async function prepareMachine(home: TestGateway): Promise<string> {
  const machine = await mkdtemp(join(tmpdir(), "roost-elsewhere-"));
  await mkdir(join(machine, ".roost"));
  await writeFile(join(machine, ".roost/token"), `${testToken}\n`);
  for (const area of ["objects", "parts"]) {
    await mkdir(join(home.homeDir, ".roost", area), { recursive: true });
    await symlink(join(home.homeDir, ".roost", area), join(machine, ".roost", area));
  }
  return machine;
}

/** Each operation that needs the home is asked here first, where it has to be refused with the home's address. */
function leavingToHome(client: TestGateway["client"], home: TestGateway): TestGateway["client"] {
  const operations = new Map<string, AnyOperation>(roostOperations.map((operation) => [operation.id, operation]));
  return new Proxy(client, {
    get(target, id: string) {
      const operation = operations.get(id);
      const call = (of: TestGateway["client"]) => of[id as keyof typeof of] as (...given: unknown[]) => unknown;
      if (operation?.needs !== "home") return call(target);
      const refused = { code: "unavailable", message: new RegExp(`${id} needs the home's own machine.*${home.url}`) };
      if (!operation.stream)
        return async (...given: unknown[]) => {
          await assert.rejects(async () => await call(target)(...given), refused);
          return await call(home.client)(...given);
        };
      return async function* streamed(...given: unknown[]) {
        const items = call(target)(...given) as AsyncIterable<unknown>;
        await assert.rejects(async () => await items[Symbol.asyncIterator]().next(), refused);
        yield* call(home.client)(...given) as AsyncIterable<unknown>;
      };
    },
  });
}
